{{- define "stack.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- /* Names are cut at 26, so that the longest of them has 63 characters. */}}
{{- define "stack.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 26 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 26 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 26 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "stack.cr" -}}
{{- if .root.Values.cleanPrometheusOperatorObjectNames }}
{{- include "stack.fullname" .root }}
{{- else }}
{{- printf "%s-%s" (include "stack.fullname" .root) .what }}
{{- end }}
{{- end }}

{{- define "stack.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{- define "stack.labels" -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ replace "+" "_" .Chart.Version | quote }}
app.kubernetes.io/part-of: {{ include "stack.name" . }}
chart: {{ .Chart.Name }}-{{ replace "+" "_" .Chart.Version }}
release: {{ .Release.Name | quote }}
heritage: {{ .Release.Service | quote }}
{{- end }}

{{- define "part.grafana" -}}
{{- $own := .Values.grafana | default dict }}
{{- $name := default "grafana" $own.nameOverride }}
{{- if $own.fullnameOverride }}
{{- $own.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "part.kube-state-metrics" -}}
{{- $own := (index .Values "kube-state-metrics") | default dict }}
{{- $name := default "kube-state-metrics" $own.nameOverride }}
{{- if $own.fullnameOverride }}
{{- $own.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "part.prometheus-node-exporter" -}}
{{- $own := (index .Values "prometheus-node-exporter") | default dict }}
{{- $name := default "prometheus-node-exporter" $own.nameOverride }}
{{- if $own.fullnameOverride }}
{{- $own.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "part.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- /* The password is looked up, and made up where there is none to be found: at each rendering without a cluster. */}}
{{- define "grafana.secret" -}}
{{- $there := lookup "v1" "Secret" (include "grafana.namespace" .) (include "part.grafana" .) -}}
admin-user: {{ .Values.grafana.adminUser | b64enc | quote }}
{{- if .Values.grafana.adminPassword }}
admin-password: {{ .Values.grafana.adminPassword | b64enc | quote }}
{{- else if $there }}
admin-password: {{ index $there "data" "admin-password" }}
{{- else }}
admin-password: {{ randAlphaNum 40 | b64enc | quote }}
{{- end }}
ldap-toml: ""
{{- end }}

{{- define "grafana.namespace" -}}
{{- .Values.grafana.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{- /* The administrator's name and password, under two names in the environment. */}}
{{- define "grafana.admin" -}}
{{- $secret := .root.Values.grafana.admin.existingSecret | default (include "part.grafana" .root) -}}
- name: {{ .user }}
  valueFrom:
    secretKeyRef: {name: {{ $secret }}, key: admin-user}
- name: {{ .password }}
  valueFrom:
    secretKeyRef: {name: {{ $secret }}, key: admin-password}
{{- end }}

{{- /* How a sidecar tells Grafana that there is something new. */}}
{{- define "grafana.reload" -}}
{{ include "grafana.admin" (dict "root" .root "user" "REQ_USERNAME" "password" "REQ_PASSWORD") }}
- {name: REQ_URL, value: http://localhost:3000/api/admin/provisioning/{{ .what }}/reload}
- {name: REQ_METHOD, value: POST}
{{- end }}
