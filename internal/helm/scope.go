package helm

import (
	"slices"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// clusterScoped are the kinds that have no namespace, by group: those of Kubernetes itself (`kubectl api-resources
// --namespaced=false` of v1.36, and older ones), and those of other projects that charts bring objects of while the
// CRD comes from elsewhere.
var clusterScoped = map[string][]string{
	"": {"Namespace", "Node", "PersistentVolume", "ComponentStatus"},
	"admissionregistration.k8s.io": {
		"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy",
		"ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
	},
	"apiextensions.k8s.io":         {"CustomResourceDefinition"},
	"apiregistration.k8s.io":       {"APIService"},
	"authentication.k8s.io":        {"TokenReview", "SelfSubjectReview"},
	"authorization.k8s.io":         {"SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"},
	"certificates.k8s.io":          {"CertificateSigningRequest", "ClusterTrustBundle"},
	"cert-manager.io":              {"ClusterIssuer"},
	"crd.projectcalico.org":        {"BGPConfiguration", "BGPPeer", "FelixConfiguration", "GlobalNetworkPolicy", "GlobalNetworkSet", "IPPool"},
	"flowcontrol.apiserver.k8s.io": {"FlowSchema", "PriorityLevelConfiguration"},
	"gateway.networking.k8s.io":    {"GatewayClass"},
	"kyverno.io":                   {"ClusterPolicy"},
	"networking.k8s.io":            {"IngressClass", "IPAddress", "ServiceCIDR"},
	"node.k8s.io":                  {"RuntimeClass"},
	"policy":                       {"PodSecurityPolicy"},
	"rbac.authorization.k8s.io":    {"ClusterRole", "ClusterRoleBinding"},
	"resource.k8s.io":              {"DeviceClass", "ResourceSlice"},
	"scheduling.k8s.io":            {"PriorityClass"},
	"snapshot.storage.k8s.io":      {"VolumeSnapshotClass", "VolumeSnapshotContent"},
	"storage.k8s.io":               {"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"},
}

// fillNamespaces puts the release's namespace on objects that name none, as Helm's client does when it sends them.
// Which kinds have one is told by the list above and by the CRDs among the objects. A kind that neither knows is
// taken to have one, as most do: the answer must not depend on whether a cluster can be asked.
func fillNamespaces(objects []object.Object, namespace string) {
	if namespace == "" {
		return
	}
	global := map[string]bool{}
	for _, o := range objects {
		if object.String(o, "kind") == "CustomResourceDefinition" && object.String(o, "spec", "scope") == "Cluster" {
			global[object.String(o, "spec", "group")+"/"+object.String(o, "spec", "names", "kind")] = true
		}
	}
	for _, o := range objects {
		ref := object.RefOf(o)
		if ref.Namespace == "" && !global[ref.Group()+"/"+ref.Kind] && !slices.Contains(clusterScoped[ref.Group()], ref.Kind) {
			object.Set(o, namespace, "metadata", "namespace")
		}
	}
}
