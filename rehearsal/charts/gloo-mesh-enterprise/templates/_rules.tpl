{{/*
What the components of Gloo Mesh may do. All charts that have components carry this same file.
*/}}
{{- define "mgmt-server.rules" -}}
- apiGroups: ["*"]
  resources: ["*"]
  verbs: [get, list, watch]
- apiGroups:
    - admin.gloo.solo.io
    - networking.gloo.solo.io
    - resilience.policy.gloo.solo.io
    - security.policy.gloo.solo.io
    - trafficcontrol.policy.gloo.solo.io
  resources: ["*"]
  verbs: [create, update, patch, delete]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create, update, patch]
- apiGroups: [""]
  resources: [secrets, events]
  verbs: [create, update, patch]
{{- end }}

{{- define "ui.rules" -}}
- apiGroups: ["*"]
  resources: ["*"]
  verbs: [get, list, watch]
{{- end }}

{{- define "agent.rules" -}}
- apiGroups: ["*"]
  resources: ["*"]
  verbs: [get, list, watch]
- apiGroups: [networking.istio.io, security.istio.io, telemetry.istio.io, extensions.istio.io]
  resources: ["*"]
  verbs: [create, update, patch, delete]
# What is said of Gloo Mesh's resources is written where they are.
- apiGroups:
    - admin.gloo.solo.io
    - networking.gloo.solo.io
    - resilience.policy.gloo.solo.io
    - security.policy.gloo.solo.io
    - trafficcontrol.policy.gloo.solo.io
  resources: ["*/status"]
  verbs: [update, patch]
- apiGroups: [""]
  resources: [configmaps, secrets, events]
  verbs: [create, update, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [delete]
{{- end }}
