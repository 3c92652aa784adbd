package gcp

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"golang.org/x/oauth2/google"
)

// externalFile is a configuration of workload identity federation. https://google.aip.dev/auth/4117
type externalFile struct {
	Audience         string            `json:"audience"`
	SubjectTokenType string            `json:"subject_token_type"`
	TokenURL         string            `json:"token_url"`
	CredentialSource *credentialSource `json:"credential_source"`
}

type credentialSource struct {
	File                        string `json:"file"`
	URL                         string `json:"url"`
	Executable                  any    `json:"executable"`
	Certificate                 any    `json:"certificate"`
	EnvironmentID               string `json:"environment_id"`
	RegionURL                   string `json:"region_url"`
	SessionTokenURL             string `json:"imdsv2_session_token_url"`
	RegionalCredVerificationURL string `json:"regional_cred_verification_url"`
}

// useExternal checks what Google's library does not: where a workload's own token would be sent.
// https://cloud.google.com/docs/authentication/external/externally-sourced-credentials
func (c *Credentials) useExternal(file keyFile, content []byte) error {
	if err := demand("audience", file.Audience, "subject_token_type", file.SubjectTokenType); err != nil {
		return err
	}
	if file.CredentialSource == nil {
		return errors.New("credential_source is missing; take the file as Google made it")
	}
	if err := googleURL("token_url", file.TokenURL); err != nil {
		return err
	}
	if file.ImpersonationURL != "" {
		_, target, err := impersonationTarget(file.ImpersonationURL)
		if err != nil {
			return err
		}
		c.account = target
	}
	c.mint, c.workload = library(google.ExternalAccount, content), file.CredentialSource.host()
	return file.CredentialSource.check()
}

// host is where the workload's own token comes from, and empty if from a file.
func (s *credentialSource) host() string {
	for _, source := range []string{s.URL, s.RegionURL} {
		if where, err := url.Parse(source); err == nil && where.Host != "" {
			return where.Host
		}
	}
	return ""
}

func (s *credentialSource) check() error {
	switch {
	case s.Executable != nil:
		return errors.New("credential_source is an executable, and credentials run no programs here; take one with a file or url")
	case s.Certificate != nil:
		return errors.New("credential_source is a certificate, which is not supported; take one with a file or url")
	case s.EnvironmentID != "":
		return s.checkAWS()
	case s.File != "":
		_, err := readKey(s.File)
		return err
	case s.URL != "":
		return s.checkURL()
	default:
		return errors.New("credential_source has neither file nor url; take the file as Google made it")
	}
}

func (s *credentialSource) checkAWS() error {
	for name, value := range map[string]string{"url": s.URL, "region_url": s.RegionURL, "imdsv2_session_token_url": s.SessionTokenURL} {
		if where, err := url.Parse(value); value != "" && (err != nil || !linkLocal(where)) {
			return fmt.Errorf("credential_source.%s is not that of the AWS metadata service; take the file as Google made it", name)
		}
	}
	where, err := url.Parse(strings.ReplaceAll(s.RegionalCredVerificationURL, "{region}", "region"))
	if s.RegionalCredVerificationURL != "" && (err != nil || where.Scheme != "https" || !within(where.Hostname(), "amazonaws.com")) {
		return errors.New("credential_source.regional_cred_verification_url is not that of AWS; take the file as Google made it")
	}
	return nil
}

func (s *credentialSource) checkURL() error {
	where, err := url.Parse(s.URL)
	if err != nil || where.Host == "" {
		return errors.New("credential_source.url is not a URL; take the file as Google made it")
	}
	if where.Scheme != "https" && !(where.Scheme == "http" && (loopback(where) || linkLocal(where))) {
		return fmt.Errorf("credential_source.url is %s://%s, where the token could be read on its way; use https", where.Scheme, where.Host)
	}
	return nil
}

// googleURL accepts Google's own hosts (those of Private Service Connect among them) and this machine, the latter for proxies
// that run here. An empty value stands for the library's default.
func googleURL(field, value string) error {
	if value == "" {
		return nil
	}
	where, err := url.Parse(value)
	if err != nil || where.Host == "" {
		return fmt.Errorf("%s is not a URL; take the file as Google made it", field)
	}
	if loopback(where) && (where.Scheme == "https" || where.Scheme == "http") {
		return nil
	}
	if where.Scheme != "https" || !(within(where.Hostname(), "googleapis.com") || within(where.Hostname(), "google.com")) {
		return fmt.Errorf("%s is %s://%s, which is not Google; take the file as Google made it", field, where.Scheme, where.Host)
	}
	return nil
}

func within(host, domain string) bool { return host == domain || strings.HasSuffix(host, "."+domain) }

func loopback(where *url.URL) bool {
	ip := net.ParseIP(where.Hostname())
	return where.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func linkLocal(where *url.URL) bool {
	host := where.Hostname()
	return host == "169.254.169.254" || host == "fd00:ec2::254" || host == "metadata.google.internal"
}
