package rke2

import (
	"context"
	"fmt"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
)

// configure writes our part of the configuration. A user's own config.yaml is left as it is; ours is read after it.
func (j *job) configure(ctx context.Context) error {
	j.out.Warnings = append(j.out.Warnings, overridden(j.out.Observed, j.want.settings)...)
	if !j.change.config {
		return nil
	}
	_, err := j.h.WriteFile(ctx, host.File{Path: dropInFile, Content: j.want.config, Mode: 0o600})
	return err
}

// overridden warns of settings that a user's own configuration files give another value than the node asks for.
func overridden(o Observed, want map[string]any) []Warning {
	if len(o.UserConfig) == 0 {
		return nil
	}
	var keys []string
	for _, key := range sortedKeys(want) {
		if have, has := o.effective[key]; has && o.ConfigHash == "" && !includes(map[string]any{key: have}, map[string]any{key: want[key]}) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return []Warning{{
		Summary: fmt.Sprintf("%s also sets %s", strings.Join(o.UserConfig, " and "), strings.Join(keys, ", ")),
		Detail:  "The value asked for here wins, because " + dropInFile + " is read later.",
	}}
}

// giveToken hands the join token over: from its source straight into a file of root's, never on a command line. RKE2
// reads it at its start only.
func (j *job) giveToken(ctx context.Context) error {
	if !j.change.token {
		return nil
	}
	if j.n.Join.Token == nil {
		return j.errorf(fault.Invalid, "hand over the join token", "nobody knows the token of the cluster at %s", j.n.Join.Server)
	}
	token, err := j.n.Join.Token(ctx)
	if err != nil {
		return fmt.Errorf("hand over the join token on %s: %w", j.h, err)
	}
	changed, err := j.h.WriteFile(ctx, host.File{Path: tokenFile, Content: []byte(token.value + "\n"), Mode: 0o600})
	if changed && j.out.Observed.Unit.alive() {
		j.change.restart = true
	}
	return err
}

// setRegistries writes registries.yaml, or takes ours away. There is only one such file, so one of a user's own that
// says something else is kept as a copy beside it.
func (j *job) setRegistries(ctx context.Context) error {
	o := j.out.Observed
	switch {
	case j.change.dropRegistries:
		_, err := run(ctx, j.h, script{name: "take the registries away", file: "registries.sh", env: map[string]string{
			"VERB": "drop", "FILE": registriesFile, "BACKUP": registriesBackup,
		}})
		return err
	case !j.change.registries:
		return nil
	}
	if _, exists := o.files[registriesFile]; exists && o.marker.Registries == "" {
		if _, err := run(ctx, j.h, script{name: "keep the registries", file: "registries.sh", env: map[string]string{
			"VERB": "keep", "FILE": registriesFile, "BACKUP": registriesBackup,
		}}); err != nil {
			return err
		}
		j.out.Warnings = append(j.out.Warnings, Warning{
			Summary: registriesFile + " was there already",
			Detail:  "It was replaced, because RKE2 reads one such file only. The former one is kept as " + registriesBackup + ".",
		})
	}
	_, err := j.h.WriteFile(ctx, host.File{Path: registriesFile, Content: j.want.registries, Mode: 0o600})
	return err
}

// registriesHash is what the marker notes of registries.yaml.
func (w wanted) registriesHash() string {
	if w.registries == nil {
		return ""
	}
	return hashOf(w.registries)
}
