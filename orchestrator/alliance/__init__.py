"""The alliance of data custodians: who they are, the terms each of them keeps, who accepted them."""
