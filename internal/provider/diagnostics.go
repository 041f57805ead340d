package provider

import (
	"context"
	"errors"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// addFault turns an error from below into a diagnostic: what failed, on what, why, and what to do next.
func addFault(diags *diag.Diagnostics, doing, what string, err error) {
	diags.AddError(summary(doing, what, err), detail(err))
}

func summary(doing, what string, err error) string {
	text := doing + " " + what + " failed"
	if errors.Is(err, context.Canceled) {
		return text + ": interrupted"
	}
	if kind := fault.KindOf(err); kind != fault.Unknown {
		text += ": " + string(kind)
	}
	return text
}

func detail(err error) string {
	text := sentence(err.Error())
	if errors.Is(err, context.Canceled) {
		return text + "\n\nWhat was done so far stays; applying again goes on from there."
	}
	if next := nextStep[fault.KindOf(err)]; next != "" {
		text += "\n\n" + next
	}
	return text
}

// nextStep says what a user can do about each kind of error. The error itself names the object.
var nextStep = map[fault.Kind]string{
	fault.Unreachable: "Check that it is up and that its address and port can be reached from here, through the bastion if there is one, then apply again.",
	fault.Auth:        "Check the credentials: the provider block, the LAB_SSH_* or KUBE* environment, ~/.ssh/config and the SSH agent are asked in this order.",
	fault.HostKey:     "For SSH, compare the key with the host's own (ssh-keygen -lf on its console) and, if it is right, correct known_hosts or host_key. For an API server, compare the certificate authority of the kubeconfig. The provider never skips this check.",
	fault.Denied:      "The credentials are good, but a right is missing: sudo on a host, a role on a cluster. The message names it.",
	fault.Conflict:    "Somebody else owns or holds this. Import it, set adopt = true, or remove it, whichever is meant.",
	fault.Timeout:     "It may still become ready: apply again to go on waiting, or raise the timeout. The message says what was last seen.",
	fault.Integrity:   "Nothing was installed from it. Check the source, a proxy in between, or the expected checksum.",
	fault.NoSpace:     "Free space on that file system, then apply again.",
}

// sentence begins a text with a capital letter, unless it begins with a name: of a host, a file, an address.
func sentence(s string) string {
	word, _, _ := strings.Cut(s, " ")
	if s == "" || strings.ContainsAny(strings.TrimRight(word, ":.,"), "/:.") {
		return s
	}
	first := s[:1]
	if first >= "a" && first <= "z" {
		first = string(first[0] - 'a' + 'A')
	}
	return first + s[1:]
}

// couldNotLook reports whether a read failed without learning anything: nothing may leave the state then.
func couldNotLook(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || fault.Is(err, fault.Unreachable, fault.Auth, fault.HostKey, fault.Denied, fault.Timeout)
}

// addUnread says that a refresh could not look, as a warning that keeps the state or, in strict mode, as an error.
func (s *session) addUnread(diags *diag.Diagnostics, what string, err error) {
	title := "Could not look at " + what
	if kind := fault.KindOf(err); kind != fault.Unknown {
		title += ": " + string(kind)
	}
	if s.settings.strict {
		diags.AddError(title, detail(err)+"\n\nstrict_refresh is on, so this is an error.")
		return
	}
	diags.AddWarning(title, detail(err)+"\n\nThe state is kept as it was. This plan does not say whether the real thing differs from it.")
}

// addInvalid says that a configuration does not describe anything that could be installed.
func addInvalid(diags *diag.Diagnostics, what string, err error) {
	if err != nil {
		diags.AddError("Invalid "+what, sentence(err.Error()))
	}
}

// warnOfDoubt says that a controller has not been seen to carry out what was asked for, though everything else is ready.
func warnOfDoubt(what string, diags *diag.Diagnostics) func(seen string) {
	return func(seen string) {
		diags.AddWarning("Whether "+what+" runs as asked for is not known", sentence(seen)+". Everything else is ready, so that the operation went on.")
	}
}
