{{- define "cert-manager.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "cert-manager.webhook" -}}
{{- printf "%s-webhook" (include "cert-manager.fullname" . | trunc 55 | trimSuffix "-") | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "cert-manager.cainjector" -}}
{{- printf "%s-cainjector" (include "cert-manager.fullname" . | trunc 52 | trimSuffix "-") | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* The labels of one of the three programs: (list . "webhook" "webhook"). */}}
{{- define "cert-manager.selector" -}}
{{- $top := index . 0 }}
app.kubernetes.io/name: {{ index . 1 }}
app.kubernetes.io/instance: {{ $top.Release.Name }}
app.kubernetes.io/component: {{ index . 2 | quote }}
{{- end }}

{{- define "cert-manager.labels" -}}
{{- $top := index . 0 }}
app: {{ index . 1 }}
{{ include "cert-manager.selector" . }}
app.kubernetes.io/version: {{ $top.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $top.Release.Service }}
helm.sh/chart: {{ $top.Chart.Name }}-{{ $top.Chart.Version }}
{{- end }}

{{- /* (list . values name) */}}
{{- define "cert-manager.image" -}}
{{- $top := index . 0 }}
{{- $image := index . 1 }}
{{- $image.repository }}:{{ $image.tag | default $top.Chart.AppVersion }}
{{- end }}
