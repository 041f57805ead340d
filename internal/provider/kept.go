package provider

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// keptObjects collects what a removal leaves on the cluster.
type keptObjects []object.Ref

func (k *keptObjects) note(ref object.Ref) { *k = append(*k, ref) }

// tell says in a warning what stays, because nothing in Terraform knows of it from then on.
func (k *keptObjects) tell(diags *diag.Diagnostics, what string) {
	if len(*k) == 0 {
		return
	}
	names := make([]string, 0, len(*k))
	for _, ref := range *k {
		names = append(names, ref.String())
	}
	diags.AddWarning(what+" leaves something behind", strings.Join(names, "\n")+
		"\n\nThese stay on the cluster with all objects of their kinds, as the chart asks for. Delete them by hand, or set delete_crds = true and apply that before a destroy.")
}
