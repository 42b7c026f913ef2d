package delivertest

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

func (p *Post) NewSession(*smtp.Conn) (smtp.Session, error) { return &posting{post: p}, nil }

// posting is one connection.
type posting struct {
	post *Post
	now  Letter
}

func (s *posting) AuthMechanisms() []string {
	if !s.post.auth {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *posting) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != User || password != Password {
			return errors.New("no such user or password")
		}
		s.now.LoggedIn = true
		return nil
	}), nil
}

func (s *posting) Mail(from string, _ *smtp.MailOptions) error {
	if s.post.auth && !s.now.LoggedIn {
		return smtp.ErrAuthRequired
	}
	s.now.From = from
	return nil
}

func (s *posting) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	if to == s.post.strange {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	s.now.To = append(s.now.To, to)
	return nil
}

func (s *posting) Data(r io.Reader) error {
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	if s.post.refuse != nil && (s.post.refuseOnly == "" || s.now.To[0] == s.post.refuseOnly) {
		return s.post.refuse
	}
	if err := s.now.read(r); err != nil {
		return err
	}
	s.post.letters = append(s.post.letters, s.now)
	return nil
}

func (s *posting) Reset()        { s.now = Letter{LoggedIn: s.now.LoggedIn} }
func (s *posting) Logout() error { return nil }

func (l *Letter) read(r io.Reader) error {
	msg, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	l.Header = msg.Header
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	if kind == "text/plain" {
		text, err := io.ReadAll(quotedprintable.NewReader(msg.Body))
		l.Text = strings.ReplaceAll(string(text), "\r\n", "\n")
		return err
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if part.FileName() == "" {
			text, err := io.ReadAll(quotedprintable.NewReader(part))
			if err != nil {
				return err
			}
			l.Text = strings.ReplaceAll(string(text), "\r\n", "\n")
			continue
		}
		l.Name = part.FileName()
		if l.File, err = io.ReadAll(base64.NewDecoder(base64.StdEncoding, part)); err != nil {
			return err
		}
	}
}
