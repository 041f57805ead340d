// Package nginx knows what a fresh nginx answers: its welcome page, and not found for all else.
package nginx

import (
	"context"
	_ "embed" // the page
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/serve"
)

//go:embed welcome.html
var welcome []byte

const notFound = "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n<hr><center>%s</center>\r\n</body>\r\n</html>\r\n"

// Run serves on port 80 until ctx ends. Its version, for the Server header, is in NGINX_VERSION like in the image that it stands
// in for; of nginx's own flags it takes -g and minds nothing in it.
func Run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("nginx", flag.ContinueOnError)
	address := flags.String("listen", ":80", "where to listen")
	flags.String("g", "", "nginx's directives, not minded")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("reading the arguments of nginx: %w", err)
	}
	return serve.HTTP(ctx, *address, Handler(os.Getenv("NGINX_VERSION"), os.Stdout), func(at net.Addr) {
		slog.InfoContext(ctx, "stand-in for nginx listens", "address", at.String())
	})
}

// Handler answers as nginx of a version with the configuration that its image brings, and logs each request to log in the
// format "combined" (nginx: ngx_http_log_module).
func Handler(version string, log io.Writer) http.Handler {
	name := "nginx"
	if version != "" {
		name += "/" + version
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, body := http.StatusNotFound, fmt.Appendf(nil, notFound, name)
		if r.URL.Path == "/" || r.URL.Path == "/index.html" {
			status, body = http.StatusOK, welcome
		}
		w.Header().Set("Server", name)
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		sent, _ := w.Write(body) // a client that went away is no matter
		client, _, _ := net.SplitHostPort(r.RemoteAddr)
		_, _ = fmt.Fprintf(log, "%s - - [%s] \"%s %s %s\" %d %d %q %q\n", client, time.Now().Format("02/Jan/2006:15:04:05 -0700"),
			r.Method, r.URL.RequestURI(), r.Proto, status, sent, orDash(r.Referer()), orDash(r.UserAgent()))
	})
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
