package bookinfo

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
)

// result is how a request of the page to a service ended.
type result struct {
	service string
	status  int
}

// results are counted for Prometheus, which the pod's annotations send here.
type results struct {
	mutex  sync.Mutex
	counts map[result]int
}

func (r *results) add(one result) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.counts[one]++
}

func (r *results) serve(w http.ResponseWriter, _ *http.Request) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = fmt.Fprint(w, "# HELP request_result_total Results of requests\n# TYPE request_result_total counter\n")
	order := func(a, b result) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.status, b.status))
	}
	for _, one := range slices.SortedFunc(maps.Keys(r.counts), order) {
		_, _ = fmt.Fprintf(w, "request_result_total{destination_app=%q,response_code=\"%d\"} %d\n", one.service, one.status, r.counts[one])
	}
}
