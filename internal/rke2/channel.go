package rke2

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// ResolveVersion says which release the node asks for: its version, or what its channel points to now. A channel is
// looked up from the machine, which is the one that has to reach the release server. Unknown channels are of kind
// fault.NotFound and name those that exist. A directory of artifacts is not looked into: without a version the
// answer is empty.
func ResolveVersion(ctx context.Context, h Host, n Node) (string, error) {
	if n.Version != "" {
		version, err := ParseVersion(n.Version)
		if err != nil {
			return "", err
		}
		return version.String(), nil
	}
	if n.Source.offline() {
		return "", nil
	}
	return newJob(h, n, Options{}).resolveChannel(ctx)
}

func (j *job) resolveChannel(ctx context.Context) (string, error) {
	const name = "resolve the channel"
	n := j.n
	at := strings.TrimSuffix(n.Source.channelURL(), "/") + "/" + url.PathEscape(n.channel())
	answer, err := run(ctx, j.h, script{name: name, file: "channel.sh", env: map[string]string{"URL": at}})
	if err != nil {
		return "", err
	}
	if found := answer.Value("version"); found != "" {
		text, err := url.PathUnescape(found)
		if err != nil {
			return "", j.errorf(fault.Invalid, name, "%s answered %q: %w", at, found, err)
		}
		version, err := ParseVersion(text)
		if err != nil {
			return "", j.errorf(fault.Invalid, name, "%s answered: %w", at, err)
		}
		return version.String(), nil
	}
	switch status := answer.Value("status"); {
	case answer.Value("missing") != "":
		return "", j.errorf(fault.Invalid, name, "neither curl nor wget is installed there")
	case answer.Value("error") != "":
		return "", j.errorf(fault.Unreachable, name, "%s: %s", at, answer.Value("error"))
	case status == "404" || status == "410":
		return "", j.errorf(fault.NotFound, name, "there is no channel %q at %s%s", n.channel(), n.Source.channelURL(), j.knownChannels(ctx))
	default:
		return "", j.errorf(fault.Invalid, name, "%s did not lead to a version: HTTP status %s at %s", at, status, answer.Value("end"))
	}
}

// knownChannels names the channels that exist and what they point to, as an end of a sentence; empty when the server
// does not tell. The form is that of update.rke2.io: {"data": [{"name": "stable", "latest": "v1.35.7+rke2r1"}]}.
func (j *job) knownChannels(ctx context.Context) string {
	at := strings.TrimSuffix(j.n.Source.channelURL(), "/")
	answer, err := run(ctx, j.h, script{name: "list the channels", file: "show.sh", env: map[string]string{"URL": at}})
	if err != nil {
		return ""
	}
	var list struct {
		Data []struct{ Name, Latest string }
	}
	if json.Unmarshal(answer.Blob("content"), &list) != nil || len(list.Data) == 0 {
		return ""
	}
	var names []string
	for _, channel := range list.Data {
		if channel.Name == "" {
			continue
		}
		name := channel.Name
		if channel.Latest != "" {
			name += " (" + channel.Latest + ")"
		}
		names = append(names, name)
	}
	return "; there are: " + strings.Join(names, ", ")
}
