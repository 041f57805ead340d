// Package webhook knows the admission and conversion webhooks of installed charts from outside: it answers for their pods, and it does to
// their configurations what their controllers do after they have started.
package webhook

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/conns"
)

// maxReview bounds the body of a review; the API server's own objects are smaller.
const maxReview = 8 << 20

// Question is one admission request as a webhook sees it.
type Question struct {
	// Namespace and Service are the Service that the API server called, Path is the path that it called.
	Namespace, Service, Path string
	Request                  *admissionv1.AdmissionRequest
}

// Answerer answers admission requests in the place of one chart's webhook.
type Answerer interface {
	// Answers tells whether this webhook is the one called.
	Answers(Question) bool
	// Answer returns what the webhook would: a response without UID. An error becomes an HTTP 500, as a webhook that panics would give.
	Answer(context.Context, Question) (*admissionv1.AdmissionResponse, error)
}

// Converter is an Answerer that also converts objects between versions.
type Converter interface {
	// Convert changes an object into the desired API version, apart from naming it, which is done for it.
	Convert(object *unstructured.Unstructured, desired string) error
	// Converts tells whether the kind is this converter's.
	Converts(group, kind string) bool
}

// Allow is the answer that changes nothing.
func Allow() *admissionv1.AdmissionResponse { return &admissionv1.AdmissionResponse{Allowed: true} }

// Deny is a refusal with the message of the webhook; the API server puts `admission webhook "name" denied the request: ` before it.
func Deny(message string) *admissionv1.AdmissionResponse {
	return &admissionv1.AdmissionResponse{Result: &metav1.Status{Message: message, Reason: metav1.StatusReasonForbidden, Code: http.StatusForbidden}}
}

// Patch is a permission with a JSON patch.
func Patch(operations any) (*admissionv1.AdmissionResponse, error) {
	content, err := json.Marshal(operations)
	if err != nil {
		return nil, fmt.Errorf("writing a patch: %w", err)
	}
	kind := admissionv1.PatchTypeJSONPatch
	return &admissionv1.AdmissionResponse{Allowed: true, Patch: content, PatchType: &kind}, nil
}

// Server speaks for all webhooks over connections that were made to their pods.
type Server struct {
	answerers []Answerer
	logger    *slog.Logger
	server    *http.Server
	conns     *conns.Listener
}

// NewServer makes a server; what none of the answerers claims is allowed.
func NewServer(logger *slog.Logger, answerers ...Answerer) *Server {
	s := &Server{answerers: answerers, logger: logger, conns: conns.NewListener("webhooks")}
	s.server = &http.Server{Handler: http.HandlerFunc(s.handle), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug)}
	return s
}

// Run serves until ctx ends.
func (s *Server) Run(ctx context.Context) {
	context.AfterFunc(ctx, func() { _ = s.server.Close() })
	_ = s.server.Serve(s.conns) // it ends with ErrServerClosed only
}

// Serve serves one connection to a webhook's pod with the certificate that certificate returns for the name asked for.
func (s *Server) Serve(conn net.Conn, certificate func(host string) (*tls.Certificate, error)) {
	s.conns.Hand(tls.Server(conn, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate(hello.ServerName) },
	}))
}

func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxReview))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var kind metav1.TypeMeta
	if err := json.Unmarshal(body, &kind); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var answer any
	switch kind.Kind {
	case "AdmissionReview":
		answer, err = s.admit(r, body)
	case "ConversionReview":
		answer, err = s.convert(body)
	default:
		http.Error(w, "neither an AdmissionReview nor a ConversionReview", http.StatusBadRequest)
		return
	}
	if err != nil {
		s.logger.Warn("webhook failed", "host", r.Host, "path", r.URL.Path, "err", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *Server) admit(r *http.Request, body []byte) (*admissionv1.AdmissionReview, error) {
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(body, &review); err != nil || review.Request == nil {
		return nil, fmt.Errorf("reading an AdmissionReview: %w", err)
	}
	question := Question{Path: r.URL.Path, Request: review.Request}
	if r.TLS != nil {
		question.Service, question.Namespace = splitHost(r.TLS.ServerName)
	}
	response := Allow()
	for _, answerer := range s.answerers {
		if !answerer.Answers(question) {
			continue
		}
		given, err := answerer.Answer(r.Context(), question)
		if err != nil {
			return nil, err
		}
		response = given
		break
	}
	response.UID = review.Request.UID
	return &admissionv1.AdmissionReview{TypeMeta: review.TypeMeta, Response: response}, nil
}

// convert answers a conversion. Where no converter knows the kind it changes nothing but the version: that is what most conversions come to
// for objects that use only fields that both versions have.
func (s *Server) convert(body []byte) (*apiextensionsv1.ConversionReview, error) {
	var review apiextensionsv1.ConversionReview
	if err := json.Unmarshal(body, &review); err != nil || review.Request == nil {
		return nil, fmt.Errorf("reading a ConversionReview: %w", err)
	}
	response := &apiextensionsv1.ConversionResponse{UID: review.Request.UID, Result: metav1.Status{Status: metav1.StatusSuccess}}
	for _, raw := range review.Request.Objects {
		var object unstructured.Unstructured
		if err := object.UnmarshalJSON(raw.Raw); err != nil {
			return nil, fmt.Errorf("reading an object to convert: %w", err)
		}
		if err := s.change(&object, review.Request.DesiredAPIVersion); err != nil {
			return nil, err
		}
		object.SetAPIVersion(review.Request.DesiredAPIVersion)
		content, err := object.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("writing a converted object: %w", err)
		}
		response.ConvertedObjects = append(response.ConvertedObjects, runtime.RawExtension{Raw: content})
	}
	return &apiextensionsv1.ConversionReview{TypeMeta: review.TypeMeta, Response: response}, nil
}

func (s *Server) change(object *unstructured.Unstructured, desired string) error {
	for _, answerer := range s.answerers {
		converter, ok := answerer.(Converter)
		if ok && converter.Converts(object.GroupVersionKind().Group, object.GetKind()) {
			return converter.Convert(object, desired)
		}
	}
	return nil
}

// splitHost takes "service.namespace.svc" apart.
func splitHost(host string) (service, namespace string) {
	service, rest, _ := strings.Cut(host, ".")
	namespace, _, _ = strings.Cut(rest, ".")
	return service, namespace
}
