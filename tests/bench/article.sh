#!/usr/bin/env bash
# What a reader of the article types, in its order, each command when the one before is done.
#
# usage: article.sh DIRECTORY
#   DIRECTORY holds `charts/NAME/`, and for each cluster a folder with the values of its releases, `RELEASE.json`, and
#   with its objects, `KIND-NAME.json` and `bookinfo.json`. $KUBECONFIG has the context `host`.
#
# vcluster's and Gloo Mesh's command lines are spelled out as what they do to the clusters. It waits where they or the
# article wait, and no longer: kubectl learns of changes at once, Helm looks every 2 s.
set -euo pipefail

cd "$1"
export KUBECONFIG
patience=--timeout=600s

step() { printf 'step %s\n' "$*"; }

# on CLUSTER ARGUMENTS...
on() { kubectl --context "$@"; }

# install CLUSTER CHART RELEASE NAMESPACE ARGUMENTS...
install() {
  local cluster=$1 chart=$2 release=$3 namespace=$4
  shift 4
  helm --kube-context "$cluster" upgrade --install "$release" "charts/$chart" --namespace "$namespace" \
    --values "$cluster/$release.json" "$@"
}

ready() { on "$1" --namespace "$2" rollout status "$3" "$patience"; }

# vcluster create NAME --namespace NAME --upgrade --connect=false --expose --values vcluster-values.yaml
vcluster_create() {
  on host create namespace "$1"
  install host vcluster "$1" "$1"
}

# vcluster connect NAME --namespace NAME --kube-config-context-name NAME --update-current
vcluster_connect() {
  local name=$1 address
  ready host "$name" "statefulset/$name"
  on host --namespace "$name" wait --for=create "secret/vc-$name" "$patience"
  on host --namespace "$name" wait --for=jsonpath='{.status.loadBalancer.ingress}' "service/$name" "$patience"
  address=$(on host --namespace "$name" get service "$name" \
    --output=jsonpath='{.status.loadBalancer.ingress[0].hostname}{.status.loadBalancer.ingress[0].ip}')
  on host --namespace "$name" get secret "vc-$name" --output=jsonpath='{.data.config}' | base64 --decode |
    sed -E -e "s#^( *)server: .*#\1server: https://$address\n\1tls-server-name: localhost#" \
      -e "s#: (local|user|Default)\$#: $name#" >"$name.kubeconfig"
  KUBECONFIG+=:$PWD/$name.kubeconfig
}

# What forwards connections begins a moment after the Service has its address.
list_namespaces() {
  until on "$1" get namespaces; do sleep 0.1; done
}

# meshctl cluster register CLUSTER --remote-context CLUSTER --relay-server-address ADDRESS
meshctl_register() {
  local cluster=$1 relay=$2 root token
  root=$(on devmgmt --namespace gloo-mesh get secret relay-root-tls-secret --output=jsonpath='{.data.ca\.crt}')
  token=$(on devmgmt --namespace gloo-mesh get secret relay-identity-token-secret --output=jsonpath='{.data.token}')
  on "$cluster" create namespace gloo-mesh
  on "$cluster" --namespace gloo-mesh create secret generic relay-root-tls-secret \
    --from-literal="ca.crt=$(base64 --decode <<<"$root")"
  on "$cluster" --namespace gloo-mesh create secret generic relay-identity-token-secret \
    --from-literal="token=$(base64 --decode <<<"$token")"
  install "$cluster" gloo-mesh-agent gloo-mesh-agent gloo-mesh --set "relay.serverAddress=$relay"
  on devmgmt apply --filename "devmgmt/KubernetesCluster-$cluster.json"
  on "$cluster" --namespace gloo-mesh wait --for=create secret/relay-client-tls-secret "$patience"
  on "$cluster" --namespace gloo-mesh delete secret relay-identity-token-secret
}

bookinfo_namespace() {
  on "$1" create namespace bookinfo
  on "$1" label namespace bookinfo istio-injection=enabled
}

bookinfo_ready() {
  on "$1" --namespace bookinfo wait --for=condition=Available deployment --all "$patience"
}

workloads=(devcluster1 devcluster2)

number=1
for cluster in devmgmt "${workloads[@]}"; do
  step "$number: virtual cluster $cluster"
  vcluster_create "$cluster"
  vcluster_connect "$cluster"
  list_namespaces "$cluster"
  number=$((number + 1))
done

step 4: Gloo Mesh
# meshctl makes the relay's token itself.
install devmgmt gloo-mesh-enterprise gloo-mesh-enterprise gloo-mesh --create-namespace --wait "$patience" \
  --set glooMeshMgmtServer.relay.disableTokenGeneration=false

step 5: relay address
relay=$(on devmgmt --namespace gloo-mesh get service gloo-mesh-mgmt-server --output=jsonpath="$(
  printf '%s' '{.status.loadBalancer.ingress[0].hostname}{.status.loadBalancer.ingress[0].ip}' \
    ':{.spec.ports[?(@.name=="grpc")].port}'
)")

step 6: registration of devcluster1
meshctl_register devcluster1 "$relay"
step 7: registration of devcluster2
meshctl_register devcluster2 "$relay"

step 8: registered clusters
on devmgmt --namespace gloo-mesh get kubernetesclusters

number=9
for release in istio-base istiod istio-ingressgateway istio-eastwestgateway; do
  for cluster in "${workloads[@]}"; do
    step "$number: $release on $cluster"
    case $release in
      istio-base) install "$cluster" base "$release" istio-system --create-namespace ;;
      istiod)
        install "$cluster" istiod "$release" istio-system
        ready "$cluster" istio-system deployment/istiod
        ;;
      *)
        install "$cluster" gateway "$release" istio-gateways --create-namespace
        ready "$cluster" istio-gateways "deployment/$release"
        ;;
    esac
    number=$((number + 1))
  done
done

step 17: Bookinfo on devcluster1
bookinfo_namespace devcluster1
on devcluster1 --namespace bookinfo apply --filename devcluster2/bookinfo.json --selector 'app,version notin (v3)'
on devcluster1 --namespace bookinfo apply --filename devcluster2/bookinfo.json --selector account
bookinfo_ready devcluster1

step 18: Bookinfo on devcluster2
bookinfo_namespace devcluster2
on devcluster2 --namespace bookinfo apply --filename devcluster2/bookinfo.json
bookinfo_ready devcluster2

step 19: workspace
on devmgmt apply --filename devmgmt/Workspace-developers.json
step "20: workspace's settings"
on devcluster1 apply --filename devcluster1/WorkspaceSettings-developers.json
step 21: gateway
on devcluster1 apply --filename devcluster1/VirtualGateway-north-south-gw.json
step 22: route
on devcluster1 apply --filename devcluster1/RouteTable-productpage.json
