{{- define "labels" -}}
app: vcluster
chart: {{ .Chart.Name }}-{{ .Chart.Version }}
release: {{ .Release.Name }}
heritage: {{ .Release.Service }}
{{- end }}

{{- define "selector" -}}
app: vcluster
release: {{ .Release.Name }}
{{- end }}

{{- define "serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (print "vc-" .Release.Name) }}
{{- end }}

{{- define "clusterRoleName" -}}
{{ printf "vc-%s-v-%s" .Release.Name .Release.Namespace | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The command line of k3s, as one string for the shell. */}}
{{- define "k3s" -}}
{{- $controllers := list "*" "-nodeipam" "-nodelifecycle" "-persistentvolume-binder" "-attachdetach" "-persistentvolume-expander" "-cloud-node-lifecycle" }}
{{- $scheduler := list "--disable-scheduler" }}
{{- if .Values.sync.nodes.enableScheduler }}
{{- $controllers = without $controllers "-nodelifecycle" }}
{{- $scheduler = list "--kube-controller-manager-arg=node-monitor-grace-period=1h" "--kube-controller-manager-arg=node-monitor-period=1h" }}
{{- end }}
{{- $own := list
  (print "--kube-controller-manager-arg=controllers=" (join "," $controllers))
  "--kube-apiserver-arg=endpoint-reconciler-type=none"
  (print "--service-cidr=" (.Values.serviceCIDR | default "$(SERVICE_CIDR)"))
}}
{{- concat .Values.vcluster.command .Values.vcluster.baseArgs $scheduler $own .Values.vcluster.extraArgs (list "&&" "true") | join " " }}
{{- end }}

{{/* The arguments of the syncer, as a YAML list. */}}
{{- define "syncer.args" -}}
- --name={{ .Release.Name }}
- --service-account=vc-workload-{{ .Release.Name }}
{{- if .Values.sync.nodes.enableScheduler }}
- --enable-scheduler
{{- end }}
{{- with .Values.defaultImageRegistry }}
- --default-image-registry={{ . }}
{{- end }}
{{- if .Values.isolation.enabled }}
- --enforce-pod-security-standard={{ .Values.isolation.podSecurityStandard }}
{{- end }}
{{- $default := list "services" "configmaps" "secrets" "endpoints" "pods" "events" "persistentvolumeclaims" "ingresses" "fake-nodes" "fake-persistentvolumes" }}
{{- range $resource, $sync := .Values.sync }}
{{- if ne $sync.enabled (has $resource $default) }}
- --sync={{ ternary "" "-" $sync.enabled }}{{ $resource }}
{{- end }}
{{- end }}
{{- if .Values.sync.nodes.syncAllNodes }}
- --sync-all-nodes
{{- end }}
{{- with .Values.sync.nodes.nodeSelector }}
- --node-selector={{ . }}
{{- end }}
{{- range .Values.syncer.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- range .Values.mapServices.fromHost }}
- --map-host-service={{ .from }}={{ .to }}
{{- end }}
{{- range .Values.mapServices.fromVirtual }}
- --map-virtual-service={{ .from }}={{ .to }}
{{- end }}
{{- end }}
