{{/* The label that marks everything of this installation; the controller's setting is the one source of it. */}}
{{- define "tre.installation" -}}
{{- dig "kubernetes" "installation" "tre" .Values.settings -}}
{{- end }}

{{- define "tre.prefix" -}}
tre-{{ include "tre.installation" . }}
{{- end }}

{{- define "tre.account" -}}
controller
{{- end }}

{{- define "tre.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: control-plane
{{- end }}

{{- define "tre.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* Settings as the parts read them: what the chart knows of itself, and over it what was written. */}}
{{- define "tre.settings" -}}
{{- $settings := deepCopy .Values.settings -}}
{{- if $settings.kubernetes -}}
{{- $desk := int .Values.settings.controller.desk_port -}}
{{- $intake := int .Values.settings.airlock.intake_port -}}
{{- $selector := include "tre.selector" . | fromYaml -}}
{{- $here := dict "namespace" .Release.Namespace "labels" $selector -}}
{{- $known := dict "network" (dict "control_plane" (list $here) "desk" (mergeOverwrite (deepCopy $here) (dict "ports" (list $desk))) "intake" (mergeOverwrite (deepCopy $here) (dict "ports" (list $intake)))) -}}
{{- if .Values.services.desk.clusterIP -}}{{- $_ := set $known "desk_address" (printf "%s:%d" .Values.services.desk.clusterIP $desk) -}}{{- end -}}
{{- if .Values.services.intake.clusterIP -}}{{- $_ := set $known "intake_address" (printf "%s:%d" .Values.services.intake.clusterIP $intake) -}}{{- end -}}
{{- $_ := set $settings "kubernetes" (mergeOverwrite $known $settings.kubernetes) -}}
{{- if not $settings.kubernetes.desk_address -}}{{- fail "services.desk.clusterIP: choose a free address of the cluster's service range; project pods have no name service" -}}{{- end -}}
{{- if not $settings.kubernetes.intake_address -}}{{- fail "services.intake.clusterIP: choose a free address of the cluster's service range; project pods have no name service" -}}{{- end -}}
{{- end -}}
{{- if and (or .Values.secrets.vaultController .Values.secrets.vaultAirlock) (not (dig "vault" "identities" "" $settings)) -}}
{{- $_ := set $settings "vault" (mergeOverwrite (dict "identities" "/etc/tre/vault") (default dict $settings.vault)) -}}
{{- end -}}
{{- toYaml $settings -}}
{{- end }}

{{/* One peer of a network rule: an address range, or pods by namespace and labels. */}}
{{- define "tre.peer" -}}
{{- if .cidr -}}
- ipBlock:
    cidr: {{ .cidr }}
{{- else -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ required "a peer needs a namespace or a cidr" .namespace }}
  podSelector:
    matchLabels: {{- toYaml (default dict .labels) | nindent 6 }}
{{- end -}}
{{- end }}

{{- define "tre.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* What all three parts share. The argument is a list: the root, the part's name. */}}
{{- define "tre.part" -}}
{{- $root := index . 0 -}}{{- $part := index . 1 -}}
name: {{ $part }}
image: {{ $root.Values.image }}
imagePullPolicy: {{ $root.Values.imagePullPolicy }}
resources: {{- toYaml (index $root.Values.resources $part) | nindent 2 }}
{{- if $root.Values.secrets.record.name }}
env:
  # Read by the database driver itself: the password is in no file and no setting.
  - name: PGPASSWORD
    valueFrom:
      secretKeyRef:
        name: {{ $root.Values.secrets.record.name }}
        key: {{ $root.Values.secrets.record.key }}
{{- end }}
{{- end }}

{{- define "tre.mounts" -}}
- name: state
  mountPath: /var/lib/tre
- name: settings
  mountPath: /var/lib/tre/tre.yaml
  subPath: tre.yaml
  readOnly: true
{{- if .Values.secrets.common }}
- name: secrets
  mountPath: /etc/tre/secrets
  readOnly: true
{{- end }}
{{- end }}
