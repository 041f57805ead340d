package api

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/store"
)

// inProtobuf is what a client accepts that wants no JSON.
const inProtobuf = "application/protobuf"

// trace answers with the spans under "batches", as it was before OTLP's name for them, and 404 without a body for a trace that is not there
// (tempo:pkg/tempopb/trace_utils.go, MarshalToJSONV1; modules/frontend/combiner/trace_by_id.go@v2.10.8).
func (a *api) trace(w http.ResponseWriter, r *http.Request, tenant string) {
	found, ok, err := a.find(r, tenant)
	if err != nil {
		refuse(w, err)
		return
	}
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	a.sendTrace(w, r, found, func(spans json.RawMessage) any { return map[string]any{"batches": spans} })
}

// traceV2 answers 200 with an empty trace when there is none: the combiner of the second version knows no 404
// (tempo:modules/querier/http.go, TraceByIDHandlerV2; modules/frontend/combiner/trace_by_id_v2.go@v2.10.8).
func (a *api) traceV2(w http.ResponseWriter, r *http.Request, tenant string) {
	found, ok, err := a.find(r, tenant)
	if err != nil {
		refuse(w, err)
		return
	}
	a.sendTrace(w, r, found, func(spans json.RawMessage) any {
		trace := map[string]any{}
		if ok {
			trace["resourceSpans"] = spans
		}
		return map[string]any{"trace": trace, "metrics": map[string]any{}}
	})
}

func (a *api) find(r *http.Request, tenant string) (store.Trace, bool, error) {
	id, err := parseID(r.PathValue("traceID"))
	if err != nil {
		return store.Trace{}, false, err
	}
	// A trace of the last hours is found whatever range is asked for: only blocks are chosen by their time.
	if _, _, err := timeRange(r.URL.Query()); err != nil {
		return store.Trace{}, false, err
	}
	found, ok := a.Store.Find(tenant, id)
	return found, ok, nil
}

func (a *api) sendTrace(w http.ResponseWriter, r *http.Request, found store.Trace, wrap func(json.RawMessage) any) {
	data := &tracepb.TracesData{ResourceSpans: found.ResourceSpans()}
	if strings.Contains(r.Header.Get("Accept"), inProtobuf) {
		sendProtobuf(w, data, strings.Contains(r.URL.Path, "/v2/"))
		return
	}
	spans, err := spansJSON(data)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, wrap(spans))
}

// spansJSON is the JSON of protobuf, in which ids are base64 and 64-bit numbers are texts (tempo uses gogo/protobuf/jsonpb).
func spansJSON(data *tracepb.TracesData) (json.RawMessage, error) {
	text, err := protojson.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("writing a trace: %w", err)
	}
	var whole struct {
		ResourceSpans json.RawMessage `json:"resourceSpans"`
	}
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, fmt.Errorf("writing a trace: %w", err)
	}
	if len(bytes.TrimSpace(whole.ResourceSpans)) == 0 {
		return json.RawMessage("[]"), nil
	}
	return whole.ResourceSpans, nil
}

// sendProtobuf sends a tempopb.Trace, whose one field is that of OTLP's TracesData; the second version has it in the first field of a
// TraceByIDResponse.
func sendProtobuf(w http.ResponseWriter, data *tracepb.TracesData, wrapped bool) {
	body, err := proto.Marshal(data)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if wrapped {
		body = protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), body)
	}
	w.Header().Set("Content-Type", inProtobuf)
	_, _ = w.Write(body)
}

// parseID reads an id of up to 32 hex digits (tempo:pkg/util/traceid.go@v2.10.8).
func parseID(text string) (store.ID, error) {
	for i, c := range text {
		if !strings.ContainsRune("0123456789abcdefABCDEF", c) {
			return store.ID{}, fmt.Errorf("trace IDs can only contain hex characters: invalid character '%c' at position %d", c, i+1)
		}
	}
	if len(text)%2 == 1 {
		text = "0" + text
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return store.ID{}, fmt.Errorf("reading a trace id: %w", err)
	}
	var id store.ID
	if len(raw) > len(id) {
		return id, errors.New("trace IDs can't be larger than 128 bits")
	}
	copy(id[len(id)-len(raw):], raw)
	return id, nil
}

// timeRange reads start and end, in seconds since 1970; zero where they are not given.
func timeRange(query url.Values) (start, end int64, err error) {
	for name, to := range map[string]*int64{"start": &start, "end": &end} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		if *to, err = strconv.ParseInt(text, 10, 64); err != nil {
			return 0, 0, fmt.Errorf("invalid %s: %w", name, err)
		}
	}
	if start != 0 && end != 0 && end <= start {
		return 0, 0, fmt.Errorf("http parameter start must be before end. received start=%d end=%d", start, end)
	}
	return start, end, nil
}
