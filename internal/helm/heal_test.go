package helm_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/release"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
)

func TestApply_GoesOnFromWhatIsThere(t *testing.T) {
	t.Parallel()
	type revision struct {
		number int
		status release.Status
	}
	cases := map[string]struct {
		left     []revision
		revision int
		healed   string
	}{
		"nothing":             {nil, 1, ""},
		"deployed":            {[]revision{{1, release.StatusDeployed}}, 2, ""},
		"pending install":     {[]revision{{1, release.StatusPendingInstall}}, 2, "revision 1 was left pending-install by a run that was interrupted 1m0s ago; the first installation was repaired in place"},
		"pending upgrade":     {[]revision{{1, release.StatusDeployed}, {2, release.StatusPendingUpgrade}}, 3, "revision 2 was left pending-upgrade by a run that was interrupted 1m0s ago; upgraded over it"},
		"pending rollback":    {[]revision{{1, release.StatusSuperseded}, {2, release.StatusDeployed}, {3, release.StatusPendingRollback}}, 4, "revision 3 was left pending-rollback"},
		"failed install":      {[]revision{{1, release.StatusFailed}}, 2, "revision 1 had failed; the first installation was repaired in place"},
		"failed twice":        {[]revision{{1, release.StatusFailed}, {2, release.StatusFailed}}, 3, "revision 2 had failed; the first installation was repaired in place"},
		"failed upgrade":      {[]revision{{1, release.StatusDeployed}, {2, release.StatusFailed}}, 3, "revision 2 had failed; upgraded over it"},
		"nothing deployed":    {[]revision{{1, release.StatusSuperseded}, {2, release.StatusFailed}}, 3, "revision 2 had failed; upgraded over it"},
		"newest superseded":   {[]revision{{1, release.StatusSuperseded}}, 2, ""},
		"interrupted removal": {[]revision{{1, release.StatusUninstalling}}, 2, "the removal of revision 1 was interrupted; installed again"},
		"history kept":        {[]revision{{1, release.StatusUninstalled}}, 2, ""},
		"unknown":             {[]revision{{1, release.StatusUnknown}}, 2, "revision 1 was left unknown"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, helm.Options{})
			for _, r := range c.left {
				b.leave(r.number, r.status, time.Minute)
			}
			got, err := b.Apply(t.Context(), b.spec("1.1.0"))
			if err != nil {
				t.Fatal(err)
			}
			if got.Status != "deployed" || got.Version != "1.1.0" || got.Revision != c.revision {
				t.Errorf("status %s, version %s, revision %d", got.Status, got.Version, got.Revision)
			}
			if !strings.HasPrefix(got.Healed, c.healed) || (c.healed == "") != (got.Healed == "") {
				t.Errorf("healed %q, want %q", got.Healed, c.healed)
			}
			live, err := b.Get(t.Context(), "ns", "rel")
			if err != nil || live.Revision != c.revision || live.Status != "deployed" {
				t.Errorf("live: %+v, %v", live, err)
			}
		})
	}
}

func TestApply_FailedFirstInstallStaysAndIsRepaired(t *testing.T) {
	t.Parallel()
	b := newBench(t, helm.Options{})
	b.objects.WatchUntilReadyError = errors.New("the job failed: password is hunter2hunter2")
	s := b.spec("1.0.0")
	s.SecretValues = map[string]any{"auth": map[string]any{"pin": "hunter2hunter2"}}
	got, err := b.Install(t.Context(), s)
	if err == nil || !strings.Contains(err.Error(), "installing release ns/rel: failed post-install: the job failed") {
		t.Fatalf("got %v", err)
	}
	if got.Status != "failed" || got.Revision != 1 || len(got.Objects) != 2 {
		t.Errorf("release %+v", got)
	}
	live, _ := b.Get(t.Context(), "ns", "rel")
	for what, text := range map[string]string{"error": err.Error(), "returned description": got.Description, "kept description": live.Description} {
		if strings.Contains(text, "hunter2") || !strings.Contains(text, "password is (secret)") {
			t.Errorf("%s: %s", what, text)
		}
	}
	b.objects.WatchUntilReadyError = nil
	again, err := b.Install(t.Context(), s)
	if err != nil || again.Status != "deployed" || again.Revision != 2 || again.Healed == "" {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func TestInstall_DoesNotTakeOverOthersFailures(t *testing.T) {
	t.Parallel()
	b := newBench(t, helm.Options{})
	b.leave(1, release.StatusFailed, time.Minute)
	left, err := b.store.Newest("ns", "rel")
	if err != nil {
		t.Fatal(err)
	}
	left.Chart.Metadata.Annotations = nil
	if err := b.store.Put(left); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Install(t.Context(), b.spec("1.0.0")); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
}

func TestApply_PendingGraceProtectsOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t, helm.Options{PendingGrace: time.Minute})
	b.leave(1, release.StatusPendingInstall, 20*time.Second)
	_, err := b.Apply(t.Context(), b.spec("1.0.0"))
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "revision 1 is pending-install since 20s; it counts as abandoned after 1m0s") {
		t.Errorf("got %v", err)
	}
	b.leave(1, release.StatusPendingInstall, 2*time.Minute)
	if _, err := b.Apply(t.Context(), b.spec("1.0.0")); err != nil {
		t.Error(err)
	}
}
