package receive

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"time"
)

// bodyLimit bounds a request after decompression (opentelemetry-collector:config/confighttp, MaxRequestBodySize).
const bodyLimit = 20 << 20

func serveHTTP(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving at %s: %w", listener.Addr(), err)
	}
	return nil
}

func mediaType(r *http.Request) string {
	of, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return of
}

// read returns the body of a request, decompressed.
func read(r *http.Request) ([]byte, error) {
	var body io.Reader = r.Body
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip":
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, fmt.Errorf("reading the body: %w", err)
		}
		body = unpacked
	default:
		return nil, fmt.Errorf("unsupported Content-Encoding: %s", encoding)
	}
	all, err := io.ReadAll(io.LimitReader(body, bodyLimit+1))
	if err != nil {
		return nil, fmt.Errorf("reading the body: %w", err)
	}
	if len(all) > bodyLimit {
		return nil, fmt.Errorf("the body is larger than %d bytes", bodyLimit)
	}
	return all, nil
}

// hexToBase64 rewrites the ids of OTLP's JSON as the JSON of protobuf has bytes.
func hexToBase64(body []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber() // times do not fit into a float
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("reading OTLP: %w", err)
	}
	if err := rewriteIDs(tree); err != nil {
		return nil, err
	}
	out, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("reading OTLP: %w", err)
	}
	return out, nil
}

func rewriteIDs(tree any) error {
	switch node := tree.(type) {
	case []any:
		for _, below := range node {
			if err := rewriteIDs(below); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, below := range node {
			if err := rewriteIDs(below); err != nil {
				return err
			}
			text, isText := below.(string)
			if !isText || !slices.Contains(idFields, name) {
				continue
			}
			raw, err := hex.DecodeString(text)
			if err != nil {
				return fmt.Errorf("reading %s: %w", name, err)
			}
			node[name] = base64.StdEncoding.EncodeToString(raw)
		}
	}
	return nil
}

// idFields are the bytes that OTLP's JSON has in hex.
var idFields = []string{"traceId", "spanId", "parentSpanId"}
