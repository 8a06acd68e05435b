package mail

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
)

// signedHeaders are those a signature covers; one that a mail does not have cannot be added later.
var signedHeaders = []string{
	"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Language", "Auto-Submitted",
	"List-Unsubscribe", "List-Unsubscribe-Post",
}

// DKIMSigner signs mail (RFC 6376), so that receivers know it is the domain's.
type DKIMSigner struct{ options dkim.SignOptions }

// NewDKIMSigner returns a signer for a domain. The public key is in the DNS at <selector>._domainkey.<domain>;
// the private one is given in PEM: PKCS #8 (RSA or Ed25519) or PKCS #1.
func NewDKIMSigner(domain, selector string, key []byte) (*DKIMSigner, error) {
	if domain == "" || selector == "" {
		return nil, errors.New("DKIM needs a domain and a selector")
	}
	signer, err := parseKey(key)
	if err != nil {
		return nil, fmt.Errorf("read DKIM key: %w", err)
	}
	return &DKIMSigner{dkim.SignOptions{
		Domain: domain, Selector: selector, Signer: signer, Hash: crypto.SHA256, HeaderKeys: signedHeaders,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	}}, nil
}

func parseKey(raw []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, errors.New("not in PEM")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("neither PKCS #8 nor PKCS #1")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a %T cannot sign", key)
	}
	return signer, nil
}

func (s *DKIMSigner) sign(message string) ([]byte, error) {
	var out bytes.Buffer
	if err := dkim.Sign(&out, strings.NewReader(message), &s.options); err != nil {
		return nil, fmt.Errorf("sign mail: %w", err)
	}
	return out.Bytes(), nil
}
