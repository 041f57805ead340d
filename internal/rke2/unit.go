package rke2

import (
	"strconv"
	"strings"
)

// UnitState is what systemd says about a unit, in its own words.
type UnitState struct {
	Name string
	// Load is loaded or not-found; Enabled is enabled, disabled, masked, ...
	Load, Enabled string
	// Active and Sub are the state, for example activating and auto-restart.
	Active, Sub string
	// Result is success or why the unit last ended.
	Result string
	// Condition is false when an ExecCondition or Condition kept the unit from starting.
	Condition bool
	// Job is the number of a queued job, or 0.
	Job int
	// Restarts counts automatic restarts since somebody last started the unit.
	Restarts int
	// MainPID is the process, or 0; ExitStatus is what the last one ended with.
	MainPID, ExitStatus int
	// Path is the unit file.
	Path string
	// Invocation changes with each start.
	Invocation string
}

// unitProperties are the properties that parseUnit reads.
const unitProperties = "Id,LoadState,UnitFileState,ActiveState,SubState,Result,ConditionResult,Job,NRestarts,MainPID,ExecMainStatus,FragmentPath,InvocationID"

// parseUnit reads the output of systemctl show.
func parseUnit(text string) UnitState {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, found := strings.Cut(strings.TrimSpace(line), "="); found {
			values[key] = value
		}
	}
	number := func(key string) int {
		n, err := strconv.Atoi(values[key])
		if err != nil {
			return 0
		}
		return n
	}
	return UnitState{
		Name: values["Id"], Load: values["LoadState"], Enabled: values["UnitFileState"],
		Active: values["ActiveState"], Sub: values["SubState"], Result: values["Result"],
		Condition: values["ConditionResult"] != "no", Job: number("Job"),
		Restarts: number("NRestarts"), MainPID: number("MainPID"), ExitStatus: number("ExecMainStatus"),
		Path: values["FragmentPath"], Invocation: values["InvocationID"],
	}
}

// stage is how far a unit has come since it was told to start.
type stage int

const (
	unitPending stage = iota
	unitUp
	unitCrashing
	unitSkipped
	unitDown
)

// judge tells from one look at a unit how its start goes. ConditionResult is "no" as well for a unit that was never
// started, so it counts only when no job waits and nothing runs.
func (u UnitState) judge() stage {
	switch {
	case u.Active == "active":
		return unitUp
	case u.Active == "activating" && u.Sub == "auto-restart":
		return unitCrashing
	case u.Active == "activating", u.Active == "reloading", u.Active == "deactivating", u.Job != 0:
		return unitPending
	case u.Result == "exec-condition", u.Active == "inactive" && !u.Condition:
		return unitSkipped
	}
	return unitDown
}

// alive reports whether something of the unit runs, is about to, or will be restarted by systemd.
func (u UnitState) alive() bool {
	switch u.judge() {
	case unitUp, unitPending, unitCrashing:
		return true
	case unitSkipped, unitDown:
	}
	return false
}

// String says the state in a few words.
func (u UnitState) String() string {
	text := u.Active
	if u.Sub != "" && u.Sub != u.Active {
		text += " (" + u.Sub + ")"
	}
	if u.Result != "" && u.Result != "success" {
		text += ", result " + u.Result
	}
	if u.Restarts > 0 {
		text += ", restarted " + strconv.Itoa(u.Restarts) + " times"
	}
	return text
}
