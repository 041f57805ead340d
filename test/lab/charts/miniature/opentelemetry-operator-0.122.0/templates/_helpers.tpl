{{- define "otel.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "otel.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "otel.selector" -}}
app.kubernetes.io/name: {{ include "otel.name" . }}
app.kubernetes.io/component: controller-manager
{{- end }}

{{- /* The labels of a part: (list . "webhook"). */}}
{{- define "otel.labels" -}}
{{- $top := index . 0 }}
helm.sh/chart: {{ $top.Chart.Name }}-{{ $top.Chart.Version }}
app.kubernetes.io/name: {{ include "otel.name" $top }}
app.kubernetes.io/version: {{ $top.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $top.Release.Service }}
app.kubernetes.io/instance: {{ $top.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "otel.secret" -}}
{{- default (printf "%s-controller-manager-service-cert" (include "otel.fullname" .)) .Values.admissionWebhooks.secretName }}
{{- end }}
