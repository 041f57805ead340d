package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/pki"
)

// runCertificate is `rke2 certificate`: check and rotate.
func runCertificate(ctx context.Context, args []string, logger *slog.Logger) error {
	do, rest, err := subcommand("certificate", args, map[string]command{"check": checkCertificates, "rotate": rotateCertificates})
	if err != nil {
		return err
	}
	return do(ctx, rest, logger)
}

// expiringSoon is when a certificate's state becomes WARNING (k3s-io/k3s pkg/util/services: CertificateRenewDays).
const expiringSoon = 120 * 24 * time.Hour

// certificate is one row of the list.
type certificate struct {
	Filename string    `json:"filename"`
	Subject  string    `json:"subject"`
	Usages   []string  `json:"usages"`
	Expires  time.Time `json:"expiryTime"`
	Residual string    `json:"residualTime"`
	Status   string    `json:"status"`
}

func checkCertificates(_ context.Context, args []string, _ *slog.Logger) error {
	o := newOptions("certificate check")
	output := o.String("output", "text", "text, table or json")
	o.StringVar(output, "o", "text", "text, table or json")
	if _, err := o.parse(args); err != nil {
		return err
	}
	list, err := certificates(o)
	if err != nil {
		return err
	}
	switch *output {
	case "json":
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"certificates": list})
	case "table", "text":
	default:
		return fmt.Errorf("invalid output format %s", *output)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(w, "FILENAME\tSUBJECT\tUSAGES\tEXPIRES\tRESIDUAL TIME\tSTATUS")
	for _, c := range list {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", c.Filename, c.Subject, strings.Join(c.Usages, ","),
			c.Expires.Format("Jan 02, 2006 15:04 MST"), c.Residual, c.Status)
	}
	return w.Flush()
}

func certificates(o *options) ([]certificate, error) {
	files, err := certificateFiles(o)
	if err != nil {
		return nil, err
	}
	var out []certificate
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode(content)
		if block == nil {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, describe(filepath.Base(file), c, time.Now()))
	}
	return out, nil
}

func describe(name string, c *x509.Certificate, now time.Time) certificate {
	out := certificate{Filename: name, Subject: c.Subject.CommonName, Expires: c.NotAfter.UTC(), Status: "OK"}
	if c.IsCA {
		out.Usages = append(out.Usages, "CertSign")
	}
	for _, u := range c.ExtKeyUsage {
		switch u {
		case x509.ExtKeyUsageServerAuth:
			out.Usages = append(out.Usages, "ServerAuth")
		case x509.ExtKeyUsageClientAuth:
			out.Usages = append(out.Usages, "ClientAuth")
		default:
		}
	}
	left := c.NotAfter.Sub(now)
	out.Residual = strconv.Itoa(int(left.Hours()/24)) + " days"
	switch {
	case left <= 0:
		out.Status = "EXPIRED"
	case left < expiringSoon:
		out.Status = "WARNING"
	}
	return out
}

// certificateFiles lists the certificates of server and agent.
func certificateFiles(o *options) ([]string, error) {
	var out []string
	for _, dir := range []string{o.data().TLS(), o.data().Agent()} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && filepath.Ext(path) == ".crt" {
				out = append(out, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// rotateCertificates removes the certificates that the authorities signed; the next start makes new ones. The old ones are kept beside them.
func rotateCertificates(_ context.Context, args []string, logger *slog.Logger) error {
	o := newOptions("certificate rotate")
	services := o.String("service", "", "services whose certificates are made anew; all when empty")
	if _, err := o.parse(args); err != nil {
		return err
	}
	if *services != "" {
		return errors.New("the stand-in rotates the certificates of all services at once")
	}
	files, err := certificateFiles(o)
	if err != nil {
		return err
	}
	backup := o.data().Server(fmt.Sprintf("tls-%d", time.Now().Unix()))
	if err := os.MkdirAll(backup, 0o700); err != nil {
		return err
	}
	logger.Info("Server detected, rotating agent and server certificates")
	for _, file := range files {
		rel, err := filepath.Rel(o.data().TLS(), file)
		if err == nil && slices.Contains(pki.SharedFiles, rel) || strings.HasSuffix(file, "-ca.crt") {
			continue
		}
		for _, f := range []string{file, strings.TrimSuffix(file, ".crt") + ".key"} {
			if err := os.Rename(f, filepath.Join(backup, filepath.Base(f))); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	logger.Info("Successfully backed up certificates to " + backup + ", please restart rke2 server or agent to rotate certificates")
	return nil
}
