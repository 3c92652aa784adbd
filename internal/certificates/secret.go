package certificates

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/metal-stack/initial-cluster/internal/cluster"
)

// stored is a Secret as it was found.
type stored struct {
	where Secret
	live  *core.Secret // nil if there is none
}

func read(ctx context.Context, c *cluster.Cluster, where Secret) (stored, error) {
	live, err := c.Typed().CoreV1().Secrets(where.Namespace).Get(ctx, where.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return stored{where: where}, nil
	case err != nil:
		return stored{}, fmt.Errorf("read Secret %s: %w", where, c.Explain(err))
	}
	return stored{where, live}, nil
}

func (s stored) entry(part Part) string {
	if s.live == nil || s.where.Keys[part] == "" {
		return ""
	}
	return string(s.live.Data[s.where.Keys[part]])
}

// empty tells that there is neither a certificate nor a key. Other entries are somebody else's, and stay.
func (s stored) empty() bool { return s.chain() == "" && s.entry(KeyPart) == "" }

func (s stored) chain() string {
	if text := s.entry(CertificatePart); text != "" {
		return text
	}
	return s.entry(BundlePart)
}

// pair reads what is kept. What cannot be read is not replaced: it may be under another name what somebody needs.
func (s stored) pair() (pair, error) {
	p, err := parsePair(s.chain(), s.entry(KeyPart))
	if err != nil {
		return p, fmt.Errorf("Secret %s has no certificate with its key under %s: %w; correct keys, or delete these entries to have new ones made", s.where, s.names(), err)
	}
	return p, nil
}

func (s stored) names() string {
	name := s.where.Keys[CertificatePart]
	if name == "" {
		name = s.where.Keys[BundlePart]
	}
	return name + " and " + s.where.Keys[KeyPart]
}

// wrong are the entries that do not say what they should. Texts of the same certificates may differ in the blanks around them.
func (s stored) wrong(content map[string]string) []string {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(content)) {
		if strings.TrimSpace(string(s.live.Data[name])) != strings.TrimSpace(content[name]) {
			wrong = append(wrong, name)
		}
	}
	return wrong
}

// keepPolicy keeps Helm from removing a Secret that was a release's before.
const keepPolicy = "helm.sh/resource-policy"

// write creates the Secret or changes its entries; one that somebody has changed since it was read is refused by the API.
func (e *entry) write(ctx context.Context, c *cluster.Cluster, dryRun []string) error {
	secrets := c.Typed().CoreV1().Secrets(e.secret.Namespace)
	wanted := &core.Secret{ObjectMeta: metav1.ObjectMeta{Name: e.secret.Name, Namespace: e.secret.Namespace}, Data: map[string][]byte{}}
	if e.found.live != nil {
		wanted = e.found.live.DeepCopy()
	}
	if wanted.Data == nil {
		wanted.Data = map[string][]byte{}
	}
	for name, text := range e.content() {
		wanted.Data[name] = []byte(text)
	}
	metav1.SetMetaDataAnnotation(&wanted.ObjectMeta, keepPolicy, "keep")
	var err error
	if e.found.live == nil {
		_, err = secrets.Create(ctx, wanted, metav1.CreateOptions{FieldManager: cluster.Manager, DryRun: dryRun})
	} else {
		_, err = secrets.Update(ctx, wanted, metav1.UpdateOptions{FieldManager: cluster.Manager, DryRun: dryRun})
	}
	return e.explain(c, err)
}

var errMeanwhile = errors.New("another run has changed it meanwhile; run again")

func (e *entry) explain(c *cluster.Cluster, err error) error {
	switch {
	case err == nil:
		return nil
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		err = errMeanwhile
	default:
		err = c.Explain(err)
	}
	return fmt.Errorf("%s %s: write Secret %s: %w", e.kind, e.name, e.secret, err)
}
