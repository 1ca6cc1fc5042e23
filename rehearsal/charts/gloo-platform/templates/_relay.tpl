{{/*
What the relay trusts and is trusted by, and a Secret of any kind. Both charts that have a management server carry
this same file.
*/}}
{{- define "opaque" -}}
---
apiVersion: v1
kind: Secret
type: Opaque
metadata:
  name: {{ .name }}
  namespace: {{ .namespace }}
data: {{- toYaml .data | nindent 2 }}
{{ end }}

{{/*
Made at the first render only: an agent that has joined would not be let in again under a new root, so an upgrade
takes what the cluster already has.

A dict: namespace, relay (the section of the values).
*/}}
{{- define "relay.secrets" -}}
{{- $namespace := .namespace }}
{{- $relay := .relay }}
{{- if not $relay.disableCaCertGeneration }}
{{- $root := (lookup "v1" "Secret" $namespace "relay-root-tls-secret").data }}
{{- $server := (lookup "v1" "Secret" $namespace $relay.tlsSecret.name).data }}
{{- if not (and $root $server) }}
{{- $ca := genCA "relay-root-ca" 3650 }}
{{- $certificate := genSignedCert "gloo-mesh-mgmt-server" nil (list "*.gloo-mesh") 3650 $ca }}
{{- $root = dict "ca.crt" (b64enc $ca.Cert) "tls.key" (b64enc $ca.Key) }}
{{- $server = dict "ca.crt" (b64enc $ca.Cert) "tls.crt" (b64enc $certificate.Cert) "tls.key" (b64enc $certificate.Key) }}
{{- end }}
{{ include "opaque" (dict "name" "relay-root-tls-secret" "namespace" $namespace "data" $root) }}
{{ include "opaque" (dict "name" $relay.tlsSecret.name "namespace" $namespace "data" $server) }}
{{- if not $relay.disableCa }}
{{- /* The root signs the agents' certificates itself: Helm cannot make an intermediate authority. */}}
{{- $signing := dict "ca.crt" (index $root "ca.crt") "tls.crt" (index $root "ca.crt") "tls.key" (index $root "tls.key") }}
{{ include "opaque" (dict "name" $relay.signingTlsSecret.name "namespace" $namespace "data" $signing) }}
{{- end }}
{{- end }}

{{- if not (or $relay.disableCa $relay.disableTokenGeneration) }}
{{- $home := $relay.tokenSecret.namespace | default $namespace }}
{{- $token := (lookup "v1" "Secret" $home $relay.tokenSecret.name).data | default (dict $relay.tokenSecret.key (randAlphaNum 32 | b64enc)) }}
{{ include "opaque" (dict "name" $relay.tokenSecret.name "namespace" $home "data" $token) }}
{{- end }}
{{- end }}
