package cli

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sirupsen/logrus"
	"sigs.k8s.io/yaml"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/pki"
)

func init() {
	commands["certificate"] = func(a []string) int { return fatal(runCertificate(a)) }
}

func runCertificate(arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("certificate: one of check, rotate")
	}
	switch arguments[0] {
	case "check":
		return checkCertificates(arguments[1:])
	case "rotate":
		return rotateCertificates(arguments[1:])
	}
	return fmt.Errorf("No help topic for '%s'", arguments[0])
}

// services are the certificates of each, below the data-dir without their ending.
var services = map[string][]string{
	"admin":              {"server/tls/client-admin"},
	"api-server":         {"server/tls/client-kube-apiserver", "server/tls/serving-kube-apiserver"},
	"controller-manager": {"server/tls/client-controller"},
	"scheduler":          {"server/tls/client-scheduler"},
	"supervisor":         {"server/tls/client-supervisor"},
	"auth-proxy":         {"server/tls/client-auth-proxy"},
	"etcd":               {"server/tls/etcd/client", "server/tls/etcd/server-client", "server/tls/etcd/peer-server-client"},
	"kubelet":            {"agent/client-kubelet", "agent/serving-kubelet"},
	"kube-proxy":         {"server/tls/client-kube-proxy", "agent/client-kube-proxy"},
	"k3s-controller":     {"server/tls/client-k3s-controller", "agent/client-k3s-controller"},
}

// certificate is one as check shows it.
type certificate struct {
	Filename, Subject, Issuer, Usages string
	ExpiryTime                        time.Time
	ResidualTime                      time.Duration
	Status                            string
}

func checkCertificates(arguments []string) error {
	var c client
	f := c.flags("certificate check")
	output := f.StringP("output", "o", "text", "")
	f.StringSlice("service", nil, "")
	if err := parse(f, arguments, nil); err != nil {
		return err
	}
	var found []certificate
	for _, paths := range services {
		for _, path := range paths {
			one, err := inspect(filepath.Join(c.dataDir, path+".crt"))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			found = append(found, one)
		}
	}
	return showCertificates(found, *output)
}

func showCertificates(found []certificate, output string) error {
	switch output {
	case "json", "yaml":
		text, err := json.Marshal(map[string]any{"Certificates": found})
		if err == nil && output == "yaml" {
			text, err = yaml.JSONToYAML(text)
		}
		fmt.Println(string(text))
		return err
	case "table":
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
		fmt.Fprintln(w, "FILENAME\tSUBJECT\tUSAGES\tEXPIRES\tRESIDUAL TIME\tSTATUS")
		for _, one := range found {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", filepath.Base(one.Filename), one.Subject, one.Usages, one.ExpiryTime.Format(time.DateOnly), one.ResidualTime, one.Status)
		}
		return w.Flush()
	}
	for _, one := range found {
		line := fmt.Sprintf("%s: certificate %s is ok, expires at %s", one.Filename, one.Subject, one.ExpiryTime.Format(time.RFC3339))
		if one.Status == "OK" {
			logrus.Info(line)
		} else {
			logrus.Warn(strings.Replace(line, "is ok", "is "+one.Status, 1))
		}
	}
	return nil
}

func inspect(path string) (certificate, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return certificate{}, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return certificate{}, fmt.Errorf("%s: no certificate", path)
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return certificate{}, fmt.Errorf("%s: %w", path, err)
	}
	one := certificate{
		Filename: path, Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), ExpiryTime: leaf.NotAfter,
		ResidualTime: time.Until(leaf.NotAfter).Round(time.Second), Status: "OK",
	}
	for _, usage := range leaf.ExtKeyUsage {
		one.Usages = strings.TrimPrefix(one.Usages+","+map[x509.ExtKeyUsage]string{x509.ExtKeyUsageClientAuth: "ClientAuth", x509.ExtKeyUsageServerAuth: "ServerAuth"}[usage], ",")
	}
	switch {
	case time.Now().Before(leaf.NotBefore):
		one.Status = "NOT YET VALID"
	case one.ResidualTime <= 0:
		one.Status = "EXPIRED"
	case one.ResidualTime <= pki.RenewWithin:
		one.Status = "WARNING"
	}
	return one, nil
}

// rotateCertificates keeps a copy and removes what the next start makes anew. k3s must not run.
func rotateCertificates(arguments []string) error {
	var c client
	f := c.flags("certificate rotate")
	wanted := f.StringSlice("service", nil, "")
	if err := parse(f, arguments, nil); err != nil {
		return err
	}
	if len(*wanted) == 0 {
		for name := range services {
			*wanted = append(*wanted, name)
		}
	}
	stamp := time.Now().Unix()
	for _, part := range []string{"server", "agent"} {
		if err := keepCertificates(filepath.Join(c.dataDir, part), part, stamp); err != nil {
			return err
		}
	}
	for _, name := range *wanted {
		paths, known := services[name]
		if !known {
			return fmt.Errorf("%s is not a recognized service", name)
		}
		logrus.Infof("Rotating certificates for %s", name)
		for _, path := range paths {
			if err := removeIfThere(filepath.Join(c.dataDir, path+".crt"), filepath.Join(c.dataDir, path+".key")); err != nil {
				return err
			}
		}
	}
	mark := filepath.Join(c.dataDir, "server", "tls", "dynamic-cert-regenerate")
	if _, err := os.Stat(filepath.Dir(mark)); err == nil {
		if err := os.WriteFile(mark, nil, 0o600); err != nil {
			return err
		}
	}
	logrus.Infof("Successfully backed up certificates to %s, please restart k3s server or agent to rotate certificates", filepath.Join(c.dataDir, "server", fmt.Sprintf("tls-%d", stamp)))
	return nil
}

func keepCertificates(dir, part string, stamp int64) error {
	to := filepath.Join(dir, fmt.Sprintf("tls-%d", stamp))
	if part == "server" {
		if _, err := os.Stat(filepath.Join(dir, "tls")); err != nil {
			return nil
		}
		return os.CopyFS(to, os.DirFS(filepath.Join(dir, "tls")))
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.crt"))
	if err != nil || len(found) == 0 {
		return err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, path := range found {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(path)), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func removeIfThere(paths ...string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
