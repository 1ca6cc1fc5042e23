{{- define "revisionLabels" -}}
istio.io/rev: default
install.operator.istio.io/owning-resource: unknown
operator.istio.io/component: Pilot
{{- end }}

{{- define "labels" -}}
{{ include "revisionLabels" . }}
app: istiod
istio: pilot
release: {{ .Release.Name }}
{{- end }}
