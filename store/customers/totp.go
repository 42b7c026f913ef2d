package customers

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"countersign/session"
)

// Time-based codes of authenticators (RFC 6238, docs/policy.md#totp).
const (
	totpStep               = 30 // seconds
	totpSlack              = 1  // steps by which a clock may be off
	minTOTPKey, maxTOTPKey = 10, 64
)

var (
	totpCode = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	totpText = base32.StdEncoding.WithPadding(base32.NoPadding)
)

// CheckTOTP reports whether code is the customer's at this time, give or take one step of 30 s, and to which step
// since 1970 it belongs. The caller makes sure that a step is used only once. It takes the same time for customers
// who are unknown or have no secret, and neither keeps nor wipes the code.
func (d *Directory) CheckTOTP(ctx context.Context, customer string, code session.Secret, at time.Time) (step int64,
	ok bool, err error) {
	key, found, err := d.sealedSecret(ctx, customer, KindTOTP)
	if err != nil {
		return 0, false, err
	}
	defer clear(key)
	text := totpText.EncodeToString(key)
	now, off, matches := at.Unix()/totpStep, 0, 0
	for i := -totpSlack; i <= totpSlack; i++ { // all of them: stopping early would reveal which one matched
		want, err := hotp.GenerateCodeCustom(text, uint64(now+int64(i)), totpCode)
		if err != nil {
			return 0, false, fmt.Errorf("check totp: %w", err)
		}
		same := subtle.ConstantTimeCompare([]byte(want), code.Reveal())
		matches, off = matches|same, subtle.ConstantTimeSelect(same, i, off)
	}
	if matches == 0 || !found {
		return 0, false, nil
	}
	return now + int64(off), true, nil
}

// totpKey reads a secret in the form that authenticators take: base32 (RFC 4648) or an otpauth:// address. problem
// says what is wrong with it without showing it. The caller clears the key.
func totpKey(raw []byte) (key []byte, problem string) {
	text := string(raw)
	if len(text) > len("otpauth:") && strings.EqualFold(text[:len("otpauth:")], "otpauth:") {
		if text, problem = secretOfAddress(text); problem != "" {
			return nil, problem
		}
	}
	encoded := bytes.ToUpper([]byte(strings.TrimRight(strings.Join(strings.Fields(text), ""), "=")))
	defer clear(encoded)
	key = make([]byte, totpText.DecodedLen(len(encoded)))
	n, err := totpText.Decode(key, encoded)
	switch {
	case err != nil, len(encoded)%8 == 1, len(encoded)%8 == 3, len(encoded)%8 == 6: // no bytes encode to such a length
		clear(key)
		return nil, "the totp_secret must be base32 (letters A to Z and digits 2 to 7) or an otpauth:// address: " +
			"copy all of it"
	case n < minTOTPKey || n > maxTOTPKey:
		clear(key)
		return nil, fmt.Sprintf("the totp_secret must have %d to %d bytes, that is %d to %d letters and digits: "+
			"make a new one",
			minTOTPKey, maxTOTPKey, totpText.EncodedLen(minTOTPKey), totpText.EncodedLen(maxTOTPKey))
	}
	return key[:n], ""
}

func secretOfAddress(address string) (secret, problem string) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "the totp_secret is not a valid otpauth:// address: copy all of it"
	}
	q := u.Query()
	is := func(name, only string) bool { return !q.Has(name) || strings.EqualFold(q.Get(name), only) }
	switch {
	case !strings.EqualFold(u.Host, "totp"):
		return "", "the totp_secret must be an otpauth://totp/ address: other kinds of codes are not supported"
	case !is("digits", "6"), !is("period", fmt.Sprint(totpStep)), !is("algorithm", "SHA1"):
		return "", "the totp_secret must be for 6 digits, 30 seconds and SHA1: enrol the customer again with these"
	case q.Get("secret") == "":
		return "", "the totp_secret is an otpauth:// address without its secret: copy all of it"
	}
	return q.Get("secret"), ""
}
