"""What an application wants the data for, what each dataset's terms say to it, and the rules of a running project."""
