package mail

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/net/idna"
)

// The limits of RFC 5321, section 4.5.3.1.
const (
	maxLocalPart = 64
	maxDomain    = 255
	maxAddress   = 254
)

var (
	// localPart is a dot-atom of RFC 5322, section 3.2.3. Quoted local parts are legal and in practice
	// always a mistake.
	localPart = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
	label     = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
)

// ParseRecipient checks an address without display name and returns it in the form it is sent to: an
// international domain becomes its ASCII form, and is in lower case.
func ParseRecipient(address string) (string, error) {
	local, domain, found := cutLast(strings.TrimSpace(address), "@")
	if !found {
		return "", errors.New("an address has the form name@domain")
	}
	if len(local) > maxLocalPart || !localPart.MatchString(local) {
		return "", errors.New("the part before the @ is not that of an address")
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		return "", fmt.Errorf("the domain is not valid: %w", err)
	}
	ascii = strings.ToLower(ascii)
	if err := checkDomain(ascii); err != nil {
		return "", err
	}
	if len(local)+1+len(ascii) > maxAddress {
		return "", fmt.Errorf("an address has at most %d characters", maxAddress)
	}
	return local + "@" + ascii, nil
}

func checkDomain(domain string) error {
	labels := strings.Split(domain, ".")
	if len(domain) > maxDomain || len(labels) < 2 {
		return errors.New("the domain is not complete")
	}
	for _, l := range labels {
		if len(l) > 63 || !label.MatchString(l) {
			return errors.New("the domain is not valid")
		}
	}
	if top := labels[len(labels)-1]; strings.Trim(top, "0123456789") == "" {
		return errors.New("a domain is needed, not a number")
	}
	return nil
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}
