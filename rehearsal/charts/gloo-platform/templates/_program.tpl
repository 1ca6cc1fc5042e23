{{/*
What the program that the images have is told: those ports of a component that it opens, as flags.

A dict: ports, names.
*/}}
{{- define "port.args" -}}
{{- range .names }}
- --{{ . }}-port={{ get $.ports . }}
{{- end }}
{{- end }}

{{/*
Probes over HTTP at a port of the container, and one of whether such a port is open.
*/}}
{{- define "probes.http" -}}
readinessProbe: { httpGet: { path: /readyz, port: {{ . }} }, periodSeconds: 5 }
livenessProbe: { httpGet: { path: /healthz, port: {{ . }} }, periodSeconds: 15 }
{{- end }}

{{- define "probes.tcp" -}}
readinessProbe: { tcpSocket: { port: {{ . }} }, periodSeconds: 5 }
{{- end }}
