package hostsfile

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
)

// Host is what this package needs of a machine; *host.Host is one.
type Host interface{ hostscript.Host }

//go:embed scripts/read.sh
var readScript string

//go:embed scripts/swap.sh
var swapScript string

// On returns a file on a machine that is reached over SSH. It becomes root only where the user's own rights do not do.
func On(h Host, path string) File { return remote{host: h, path: path} }

type remote struct {
	host Host
	path string
}

func (f remote) String() string { return f.path + " on " + f.host.String() }

func (f remote) Read(ctx context.Context) ([]byte, error) {
	answer, err := f.run(ctx, hostscript.Script{Name: "read " + f.path, Body: readScript, Env: map[string]string{"FILE": f.path}})
	if err != nil {
		return nil, err
	}
	switch verdict := answer.Value("verdict"); verdict {
	case "ok":
		return answer.Blob("content"), nil
	case "missing":
		return nil, fault.Newf(fault.NotFound, "reading %s: there is no such file", f)
	case "denied":
		return nil, fault.Newf(fault.Denied, "reading %s: permission denied", f)
	default:
		return nil, fault.Newf(fault.Invalid, "reading %s: it is no file", f)
	}
}

func (f remote) Swap(ctx context.Context, old, next []byte) error {
	env := map[string]string{"FILE": f.path, "OLD": "absent", "NEW": sum(next)}
	if old != nil {
		env["OLD"] = sum(old)
	}
	answer, err := f.run(ctx, hostscript.Script{Name: "write " + f.path, Body: swapScript, Env: env, Stdin: next})
	if err != nil {
		return err
	}
	switch verdict, said := answer.Value("verdict"), answer.Value("error"); verdict {
	case "ok":
		return nil
	case "changed":
		return ErrChanged
	case "denied":
		return fault.Newf(fault.Denied, "writing %s: permission denied", f)
	case "locked":
		return fault.Newf(fault.Conflict, "writing %s: another program holds the lock on its directory", f)
	case "folder":
		return fault.Newf(fault.Invalid, "writing %s: its directory does not exist", f)
	case "flock":
		return fault.Newf(fault.Invalid, "writing %s: flock (util-linux) is not installed there", f)
	case "space":
		return fault.Newf(fault.NoSpace, "writing %s: %s", f, said)
	default:
		return fault.Newf(fault.Command, "writing %s: %s", f, said)
	}
}

// run runs a script as the SSH user, and as root when the user's rights do not do.
func (f remote) run(ctx context.Context, s hostscript.Script) (hostscript.Answer, error) {
	answer, err := hostscript.Run(ctx, f.host, s)
	if err != nil || answer.Value("verdict") != "denied" || answer.Value("user") == "0" {
		return answer, err
	}
	s.Sudo = true
	return hostscript.Run(ctx, f.host, s)
}

func sum(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}
