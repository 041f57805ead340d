{{- define "istiod.name" -}}
istiod{{ with .Values.revision }}-{{ . }}{{ end }}
{{- end }}

{{- define "istiod.common" -}}
release: {{ .Release.Name }}
app.kubernetes.io/name: istiod
{{ include "istio.labels" . }}
{{- end }}

{{- define "istiod.labels" -}}
app: istiod
{{ include "istiod.common" . }}
{{- end }}

{{- define "istiod.owned" -}}
istio.io/rev: {{ .Values.revision | default "default" | quote }}
install.operator.istio.io/owning-resource: {{ .Values.ownerName | default "unknown" }}
operator.istio.io/component: Pilot
{{- end }}

{{- define "istiod.selector" -}}
app: istiod
{{- if .Values.revision }}
istio.io/rev: {{ .Values.revision | quote }}
{{- else }}
istio: pilot
{{- end }}
{{- end }}
