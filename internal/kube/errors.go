package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// classify gives an error of client-go its kind and takes this client's credentials out of its text. An error
// that has a kind already keeps it: the dialer knew better. A cancelled context stays as it is.
func (c *Client) classify(err error) error {
	if err == nil {
		return nil
	}
	if fault.KindOf(err) == fault.Unknown && !errors.Is(err, context.Canceled) {
		kind := kindOf(err)
		if kind == fault.HostKey {
			err = fmt.Errorf("the API server's certificate is not the one that the configuration trusts: %w", err)
		}
		err = fault.New(kind, err)
	}
	return c.secrets.clean(err)
}

func kindOf(err error) fault.Kind {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return kindOfStatus(status.Status())
	}
	switch {
	case isWrongServer(err):
		return fault.HostKey
	case isRefusedCertificate(err.Error()), isWithoutCredentials(err.Error()):
		return fault.Auth
	case isConnection(err), isOutOfTime(err.Error()):
		return fault.Unreachable
	}
	return fault.Unknown
}

// kindOfStatus classifies what the API server answered. 403 has two meanings: the authorizer refuses the user
// (Denied), or admission refuses the object (Invalid).
func kindOfStatus(s metav1.Status) fault.Kind {
	switch {
	case s.Code == http.StatusUnauthorized:
		return fault.Auth
	case isUndeclaredField(s.Message), isDeniedByWebhook(s.Message):
		return fault.Invalid
	case s.Code == http.StatusForbidden:
		return kindOfForbidden(s)
	case s.Code == http.StatusNotFound:
		return fault.NotFound
	case s.Code == http.StatusConflict:
		return fault.Conflict
	case s.Code == http.StatusRequestTimeout, s.Code == http.StatusTooManyRequests, s.Code == http.StatusGone, s.Code >= 500:
		return fault.Unreachable
	case s.Code >= 400:
		return fault.Invalid
	}
	return fault.Unknown
}

func kindOfForbidden(s metav1.Status) fault.Kind {
	switch {
	case isTerminatingNamespace(s):
		return fault.Conflict
	case isAnonymous(s.Message):
		return fault.Auth
	case isDeniedByAuthorizer(s.Message):
		return fault.Denied
	}
	return fault.Invalid
}

// isTerminatingNamespace reports that an object cannot be made because its namespace is going away
// (apiserver/pkg/admission/plugin/namespace/lifecycle).
func isTerminatingNamespace(s metav1.Status) bool {
	if s.Details == nil {
		return false
	}
	for _, cause := range s.Details.Causes {
		if cause.Type == "NamespaceTerminating" {
			return true
		}
	}
	return false
}

// isWrongServer reports that the server could not prove to be the one that the configuration means. It is no
// case for another try.
func isWrongServer(err error) bool {
	var (
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
		certificate x509.CertificateInvalidError
		verify      *tls.CertificateVerificationError
	)
	return errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &certificate) || errors.As(err, &verify)
}

// isConnection reports that nobody answered, or that the answer broke off.
func isConnection(err error) bool {
	var (
		network net.Error
		request *url.Error
	)
	return errors.As(err, &network) || errors.As(err, &request) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded)
}

// asStatusObject reads a Status object, which is how the API server itself answers an error.
func asStatusObject(body []byte) (metav1.Status, bool) {
	status := metav1.Status{}
	err := json.Unmarshal(body, &status)
	return status, err == nil && status.Kind == "Status" && status.APIVersion == "v1"
}

// statusError makes an error of an answer that is none: of its Status object, or of its code and text.
func statusError(code int, body []byte) error {
	if status, ok := asStatusObject(body); ok {
		return &apierrors.StatusError{ErrStatus: status}
	}
	return apierrors.NewGenericServerResponse(code, "", schema.GroupResource{}, "", string(body), 0, true)
}
