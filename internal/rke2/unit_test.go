package rke2

import "testing"

func TestUnitState_Judge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		show string
		want stage
	}{
		"running":                {"ActiveState=active\nSubState=running\nResult=success\nConditionResult=yes", unitUp},
		"starting":               {"ActiveState=activating\nSubState=start\nResult=success\nConditionResult=yes", unitPending},
		"pre-start":              {"ActiveState=activating\nSubState=start-pre\nResult=success", unitPending},
		"between two restarts":   {"ActiveState=activating\nSubState=auto-restart\nResult=exit-code\nNRestarts=3", unitCrashing},
		"being stopped":          {"ActiveState=deactivating\nSubState=stop-sigterm\nResult=success", unitPending},
		"queued":                 {"ActiveState=inactive\nSubState=dead\nJob=1234\nConditionResult=no", unitPending},
		"skipped by condition":   {"ActiveState=inactive\nSubState=dead\nResult=exec-condition\nConditionResult=yes", unitSkipped},
		"skipped, newer way":     {"ActiveState=inactive\nSubState=dead\nResult=success\nConditionResult=no", unitSkipped},
		"stopped":                {"ActiveState=inactive\nSubState=dead\nResult=success\nConditionResult=yes", unitDown},
		"given up":               {"ActiveState=failed\nSubState=failed\nResult=start-limit-hit", unitDown},
		"no answer of systemctl": {"", unitDown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := parseUnit(c.show).judge(); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestParseUnit_ReadsEveryProperty(t *testing.T) {
	t.Parallel()
	got := parseUnit("Id=rke2-server.service\nLoadState=loaded\nUnitFileState=enabled\nActiveState=activating\nSubState=auto-restart\n" +
		"Result=exit-code\nConditionResult=yes\nJob=7\nNRestarts=3\nMainPID=42\nExecMainStatus=1\nFragmentPath=/usr/local/lib/systemd/system/rke2-server.service\nInvocationID=abc\n")
	want := UnitState{
		Name: "rke2-server.service", Load: "loaded", Enabled: "enabled", Active: "activating", Sub: "auto-restart",
		Result: "exit-code", Condition: true, Job: 7, Restarts: 3, MainPID: 42, ExitStatus: 1,
		Path: "/usr/local/lib/systemd/system/rke2-server.service", Invocation: "abc",
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if text := got.String(); text != "activating (auto-restart), result exit-code, restarted 3 times" {
		t.Errorf("in words: %s", text)
	}
}
