{{/*
One component of Gloo Mesh: ServiceAccount, Deployment, Service, and a ClusterRole with its binding where
there are rules. All charts of Gloo Mesh that have components carry this same file.

A dict: root (the chart's context), name, values (the component's section), and optionally args, rules,
annotations (of the pods), more (by the names of containers, what they have beside).
*/}}
{{- define "component" -}}
{{- $namespace := .root.Release.Namespace -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  namespace: {{ $namespace }}
  labels:
    app: {{ .name }}
---
{{ toYaml (mergeOverwrite (include "component.deployment" . | fromYaml) (.values.deploymentOverrides | default dict)) }}
---
{{ toYaml (mergeOverwrite (include "component.service" . | fromYaml) (.values.serviceOverrides | default dict)) }}
{{- with .rules }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ $.name }}-{{ $namespace }}
  labels:
    app: {{ $.name }}
rules: {{- . | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ $.name }}-{{ $namespace }}
  labels:
    app: {{ $.name }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ $.name }}-{{ $namespace }}
subjects:
  - kind: ServiceAccount
    name: {{ $.name }}
    namespace: {{ $namespace }}
{{- end }}
{{- end }}

{{- define "component.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    app: {{ .name }}
spec:
  replicas: 1
  selector:
    matchLabels:
      app: {{ .name }}
  template:
    metadata:
      labels:
        app: {{ .name }}
      {{- with .annotations }}
      annotations: {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ .name }}
      {{- if not .values.floatingUserId }}
      securityContext:
        runAsUser: {{ .values.runAsUser | default 10101 }}
      {{- end }}
      containers:
        - {{- include "component.container" (dict "root" .root "name" .name "container" .values "more" .more) | nindent 10 }}
          {{- with .args }}
          args: {{- toYaml . | nindent 12 }}
          {{- end }}
          ports:
            {{- range $name, $port := .values.ports }}
            - name: {{ $name }}
              containerPort: {{ $port }}
            {{- end }}
            {{- with .values.statsPort }}
            - name: stats
              containerPort: {{ . }}
            {{- end }}
        {{- range $name, $sidecar := .values.sidecars }}
        - {{- include "component.container" (dict "root" $.root "name" $name "container" $sidecar "more" $.more) | nindent 10 }}
        {{- end }}
{{- end }}

{{- define "component.container" -}}
{{- $image := .container.image -}}
name: {{ .name }}
image: {{ $image.registry }}/{{ $image.repository }}:{{ $image.tag | default .root.Chart.Version }}
imagePullPolicy: {{ $image.pullPolicy | default "IfNotPresent" }}
{{- with .container.env }}
env: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .container.resources }}
resources: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with get (.more | default dict) .name }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "component.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    app: {{ .name }}
spec:
  type: {{ .values.serviceType | default "ClusterIP" }}
  selector:
    app: {{ .name }}
  ports:
    {{- range $name, $port := .values.ports }}
    - name: {{ $name }}
      port: {{ $port }}
      targetPort: {{ $port }}
    {{- end }}
{{- end }}
