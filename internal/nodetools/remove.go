package nodetools

import (
	"context"
	_ "embed"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
)

//go:embed scripts/remove.sh
var removeScript string

// Remove takes away what was put on a machine, and nothing else: what somebody changed since stays and is returned, one
// path each.
func Remove(ctx context.Context, h Host, have State) (kept []string, err error) {
	var lines []string
	for _, name := range sortedKeys(have.Tools) {
		switch i := have.Tools[name]; {
		case i.Link != "":
			lines = append(lines, "link "+i.Link+" "+i.Path)
		default:
			lines = append(lines, "file "+i.Binary+" "+i.Path)
		}
	}
	for _, at := range sortedKeys(have.Files) {
		lines = append(lines, "file "+have.Files[at]+" "+at)
	}
	if len(lines) == 0 {
		return nil, nil
	}
	answer, err := hostscript.Run(ctx, h, hostscript.Script{
		Name: "remove the tools", Body: removeScript, Sudo: true, Env: map[string]string{"THINGS": strings.Join(lines, "\n")},
	})
	return answer.Values("kept"), err
}
