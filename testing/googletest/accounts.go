package googletest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Account is a service account and its newest key.
type Account struct {
	Email    string
	UniqueID string
	KeyID    string
	KeyJSON  []byte // the key file as Google hands it out, its token_uri being this server's
}

type account struct {
	Project  string
	UniqueID string
	Disabled bool
	Keys     []key
}

type key struct {
	ID      string
	Private string // PKCS #8 in PEM; the lab gives the same key file again when it is started again
	Revoked bool
}

// ServiceAccount makes the account NAME@PROJECT.iam.gserviceaccount.com with a key, or finds it, and grants it the roles on its
// project.
func (s *Server) ServiceAccount(project, name string, roles ...string) (Account, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	email := name + "@" + project + ".iam.gserviceaccount.com"
	s.project(project)
	known := s.state.Accounts[email]
	if known == nil {
		known = &account{Project: project, UniqueID: digits(21)}
		s.state.Accounts[email] = known
	}
	if len(known.usable()) == 0 {
		made, err := newKey()
		if err != nil {
			return Account{}, fmt.Errorf("google: make a key of %s: %w", email, err)
		}
		known.Keys = append(known.Keys, made)
	}
	for _, role := range roles {
		s.grant("projects/"+project, email, role)
	}
	public, err := s.export(email, known)
	return public, s.saveAfter(err)
}

func (a *account) usable() []key {
	return slices.DeleteFunc(slices.Clone(a.Keys), func(k key) bool { return k.Revoked })
}

func newKey() (key, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return key{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return key{}, err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return key{ID: token(20), Private: string(block)}, nil
}

func (s *Server) export(email string, a *account) (Account, error) {
	newest := a.usable()[len(a.usable())-1]
	file, err := json.MarshalIndent(map[string]string{
		"type":                        "service_account",
		"project_id":                  a.Project,
		"private_key_id":              newest.ID,
		"private_key":                 newest.Private,
		"client_email":                email,
		"client_id":                   a.UniqueID,
		"auth_uri":                    "https://accounts.google.com/o/oauth2/auth",
		"token_uri":                   s.url + "/token",
		"auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
		"universe_domain":             "googleapis.com",
	}, "", "  ")
	return Account{Email: email, UniqueID: a.UniqueID, KeyID: newest.ID, KeyJSON: file}, err
}

func (k key) public() (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(k.Private))
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	return private.(*rsa.PrivateKey).Public().(*rsa.PublicKey), nil
}

// RevokeKey deletes a key, as an owner does in the console. Tokens that were minted with it stay good. The account's next
// ServiceAccount call makes a new key.
func (s *Server) RevokeKey(keyID string) error {
	return s.change(func() error {
		for _, known := range s.state.Accounts {
			for i := range known.Keys {
				if known.Keys[i].ID == keyID {
					known.Keys[i].Revoked = true
					return nil
				}
			}
		}
		return fmt.Errorf("google: no key %s", keyID)
	})
}

// DisableAccount disables an account or enables it again. Its tokens are refused while it is disabled.
func (s *Server) DisableAccount(email string, disabled bool) error {
	return s.change(func() error {
		known := s.state.Accounts[email]
		if known == nil {
			return fmt.Errorf("google: no account %s", email)
		}
		known.Disabled = disabled
		return nil
	})
}

// DeleteAccount deletes an account with its keys, tokens and grants.
func (s *Server) DeleteAccount(email string) error {
	return s.change(func() error {
		delete(s.state.Accounts, email)
		for value, info := range s.state.Tokens {
			if info.Email == email {
				delete(s.state.Tokens, value)
			}
		}
		s.state.Grants = slices.DeleteFunc(s.state.Grants, func(g grant) bool {
			return g.Member == email || g.Resource == "serviceAccounts/"+email
		})
		return nil
	})
}

// token is so many random bytes in hexadecimal, digits so many random decimal digits.
func token(bytes int) string {
	random := make([]byte, bytes)
	rand.Read(random)
	return hex.EncodeToString(random)
}

func digits(count int) string {
	var text strings.Builder
	for range count {
		n, err := rand.Int(rand.Reader, big.NewInt(9))
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&text, "%d", n.Int64()+1)
	}
	return text.String()
}
