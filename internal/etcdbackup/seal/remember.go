package seal

import (
	"slices"

	"filippo.io/age"
)

// remember makes recipients that note the key of the file they are given. So the one who encrypts can read back what the store has, and
// needs no private key for it.
func remember(recipients []age.Recipient, key *Key) []age.Recipient {
	first := recipients[0]
	noting := noter{first, key}
	if labelled, ok := first.(age.RecipientWithLabels); ok {
		return append([]age.Recipient{labelledNoter{noting, labelled}}, recipients[1:]...)
	}
	return append([]age.Recipient{noting}, recipients[1:]...)
}

type noter struct {
	age.Recipient
	key *Key
}

func (n noter) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	*n.key = slices.Clone(fileKey)
	return n.Recipient.Wrap(fileKey)
}

// labelledNoter is for recipients that say with which others they may stand, as those against quantum computers do.
type labelledNoter struct {
	noter
	labelled age.RecipientWithLabels
}

func (n labelledNoter) WrapWithLabels(fileKey []byte) ([]*age.Stanza, []string, error) {
	*n.key = slices.Clone(fileKey)
	return n.labelled.WrapWithLabels(fileKey)
}
