package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// invoke runs an action as Terraform 1.14 does, and returns what it said on the way.
func (c *core) invoke(name string, config attrs) (progress []string, r report) {
	c.t.Helper()
	actions, ok := c.server.(tfprotov6.ActionServer)
	if !ok {
		c.t.Fatal("the provider serves no actions")
	}
	typ := c.schemas.ActionSchemas[name].Schema.ValueType()
	stream, err := actions.InvokeAction(c.t.Context(), &tfprotov6.InvokeActionRequest{ActionType: name, Config: c.dynamic(typ, valueOf(c.t, typ, config))})
	if err != nil {
		c.t.Fatal(err)
	}
	for event := range stream.Events {
		switch e := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			progress = append(progress, e.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			r = c.report(e.Diagnostics)
		}
	}
	return progress, r
}

func TestActions_SendAndProve(t *testing.T) {
	t.Parallel()
	w, _, address := answering(t, func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/traces/") {
			_, _ = rw.Write([]byte(trace("gateway", "page")))
		}
	})
	lab := newCore(t, w, nil)
	said, r := lab.invoke("lab_traffic", attrs{"url": address, "requests": 3, "allow_external": true})
	if r.errors != "" || len(said) != 1 || !strings.HasPrefix(said[0], "3 sent, 3 answered well") || !strings.Contains(said[0], "the first trace is ") {
		t.Errorf("%v %s", said, r.errors)
	}
	if _, r = lab.invoke("lab_traffic", attrs{"url": address, "requests": 3}); !strings.Contains(r.errors, "allow_external") {
		t.Errorf("to an address outside of the lab: %q", r.errors)
	}
	check := attrs{"url": address, "tempo_url": address, "services": []any{"gateway"}, "allow_external": true, "deadline": "1s"}
	said, r = lab.invoke("lab_trace_check", check)
	if r.errors != "" || len(said) != 3 || !strings.HasPrefix(said[0], "sent a request with trace id ") || !strings.Contains(said[1], "with 2 spans of gateway, page\ngateway -> page  1 call") || !strings.Contains(said[2], "curl -s "+address+"/api/traces/") {
		t.Errorf("%q %s", said, r.errors)
	}
	check["services"] = []any{"nobody.default"}
	if _, r = lab.invoke("lab_trace_check", check); !strings.Contains(r.errors, "no pod with label app=nobody") {
		t.Errorf("errors %q", r.errors)
	}
}
