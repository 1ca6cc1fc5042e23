{{- define "name" -}}
{{ .Values.name | default .Release.Name }}
{{- end }}

{{- define "selector" -}}
app: {{ .Values.labels.app | default (include "name" .) }}
istio: {{ .Values.labels.istio | default (include "name" . | trimPrefix "istio-") }}
{{- end }}

{{- define "labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
app.kubernetes.io/name: {{ include "name" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "selector" . }}
{{- with omit .Values.labels "app" "istio" }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "name" .) "default") }}
{{- end }}
