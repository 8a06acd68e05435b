package mail_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/uuid"

	"ecoseller/mail"
	"ecoseller/models"
)

// smtpServer is a mail server that does what a test says. A function that is nil says yes; one that closes
// the connection makes the client see it break.
type smtpServer struct {
	t          *testing.T
	server     *smtp.Server
	address    string
	user       string
	onMail     func(c *smtp.Conn, n int) error
	onRcpt     func(c *smtp.Conn, to string) error
	onData     func(c *smtp.Conn, n int) error
	afterData  func(c *smtp.Conn, n int) error
	onGreeting func(c *smtp.Conn, n int) error

	mu          sync.Mutex
	connections int
	attempts    int
	mails       []smtpMail
}

type smtpMail struct {
	from    string
	to      []string
	content string
}

func (s *smtpServer) start(configure func(*smtp.Server)) *smtpServer {
	s.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = listener.Addr().String()
	s.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		s.connections++
		n := s.connections
		s.mu.Unlock()
		if s.onGreeting != nil {
			if err := s.onGreeting(c, n); err != nil {
				return nil, err
			}
		}
		return &smtpSession{server: s, conn: c}, nil
	}))
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	s.server.Domain = "localhost"
	if configure != nil {
		configure(s.server)
	}
	tlsFirst := s.server.TLSConfig != nil && s.server.Domain == "implicit"
	if tlsFirst {
		listener = tls.NewListener(listener, s.server.TLSConfig)
	}
	go func() { _ = s.server.Serve(listener) }()
	s.t.Cleanup(func() { _ = s.server.Close(); _ = listener.Close() })
	return s
}

func (s *smtpServer) seen() (connections int, mails []smtpMail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections, slices.Clone(s.mails)
}

type smtpSession struct {
	server *smtpServer
	conn   *smtp.Conn
	mail   smtpMail
	n      int
	authed bool
}

func (s *smtpSession) AuthMechanisms() []string {
	if s.server.user == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *smtpSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.user || password != "secret" {
			return errors.New("wrong password")
		}
		s.authed = true
		return nil
	}), nil
}

func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.user != "" && !s.authed {
		return smtp.ErrAuthRequired
	}
	s.server.mu.Lock()
	s.server.attempts++
	s.n = s.server.attempts
	s.server.mu.Unlock()
	s.mail = smtpMail{from: from}
	if s.server.onMail != nil {
		return s.server.onMail(s.conn, s.n)
	}
	return nil
}

func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.server.onRcpt != nil {
		if err := s.server.onRcpt(s.conn, to); err != nil {
			return err
		}
	}
	s.mail.to = append(s.mail.to, to)
	return nil
}

func (s *smtpSession) Data(r io.Reader) error {
	if s.server.onData != nil {
		if err := s.server.onData(s.conn, s.n); err != nil {
			return err
		}
	}
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.server.afterData != nil {
		if err := s.server.afterData(s.conn, s.n); err != nil {
			return err
		}
	}
	s.mail.content = string(content)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, s.mail)
	return nil
}

func (s *smtpSession) Reset()        { s.mail = smtpMail{} }
func (s *smtpSession) Logout() error { return nil }

func (s *smtpServer) sender(change func(*mail.SMTPOptions)) *mail.Sender {
	s.t.Helper()
	return newSender(s.t, s.address, change)
}

func newSender(t *testing.T, address string, change func(*mail.SMTPOptions)) *mail.Sender {
	t.Helper()
	host, port, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(port)
	o := mail.SMTPOptions{Host: host, Port: number, From: "Obchod <shop@example.com>", Timeout: 5 * time.Second}
	if change != nil {
		change(&o)
	}
	sender, err := mail.NewSender(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sender.Close)
	return sender
}

func message(to ...string) *models.EmailMessage {
	return &models.EmailMessage{
		Recipients: to, Subject: "Potvrzení objednávky", Text: "Děkujeme.\n.\n..tečky", HTML: "<p>Děkujeme.</p>", Language: "cs",
		MessageID: uuid.NewString() + "@example.com", CreatedAt: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC),
	}
}

func send(t *testing.T, s *mail.Sender, m *models.EmailMessage) (models.EmailReceipt, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return s.Send(ctx, m, m.Recipients)
}

func smtpError(code int, enhanced smtp.EnhancedCode, words string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: words}
}

// breakAt closes the connection at the first n calls.
func breakAt(n int) func(*smtp.Conn, int) error {
	var calls int
	var mu sync.Mutex
	return func(c *smtp.Conn, _ int) error {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls <= n {
			_ = c.Conn().Close()
			return errors.New("closed")
		}
		return nil
	}
}

// TestServerAnswers is what becomes of a mail by what the server says at each stage.
func TestServerAnswers(t *testing.T) {
	t.Parallel()
	always := func(err *smtp.SMTPError) func(*smtp.Conn, int) error {
		return func(*smtp.Conn, int) error { return err }
	}
	const temporary, final, unreachable = "temporary", "final", "unreachable"
	tests := []struct {
		name   string
		server smtpServer
		want   string
		// words of the server are kept; taken and unknown are what the receipt says.
		words          string
		taken, unknown int
	}{
		{name: "yes", server: smtpServer{}, taken: 1},
		{name: "4xx to the sender", server: smtpServer{onMail: always(smtpError(451, smtp.EnhancedCode{4, 3, 0}, "Come back later"))}, want: temporary, words: "Come back later"},
		{name: "5xx to the sender", server: smtpServer{onMail: always(smtpError(553, smtp.EnhancedCode{5, 7, 1}, "Not you"))}, want: final, words: "Not you"},
		{name: "4xx to the recipient", server: smtpServer{onRcpt: func(*smtp.Conn, string) error { return smtpError(450, smtp.EnhancedCode{4, 2, 1}, "Greylisted") }}, want: temporary, words: "Greylisted"},
		{name: "5xx to the recipient", server: smtpServer{onRcpt: func(*smtp.Conn, string) error { return smtpError(550, smtp.EnhancedCode{5, 1, 1}, "No such user") }}, want: final, words: "No such user", unknown: 1},
		{name: "5xx about us", server: smtpServer{onRcpt: func(*smtp.Conn, string) error { return smtpError(550, smtp.EnhancedCode{5, 7, 1}, "Blocked") }}, want: final, words: "Blocked"},
		{name: "4xx to the content", server: smtpServer{afterData: always(smtpError(452, smtp.EnhancedCode{4, 3, 1}, "Disk full"))}, want: temporary, words: "Disk full"},
		{name: "5xx to the content", server: smtpServer{afterData: always(smtpError(554, smtp.EnhancedCode{5, 6, 0}, "Looks like spam"))}, want: final, words: "Looks like spam"},
		{name: "5xx to the recipient, said late", server: smtpServer{afterData: always(smtpError(550, smtp.EnhancedCode{5, 1, 1}, "No such user"))}, want: final, words: "No such user", unknown: 1},
		{name: "421 to the greeting", server: smtpServer{onGreeting: always(smtpError(421, smtp.EnhancedCode{4, 3, 2}, "Closing"))}, want: unreachable},
		{name: "breaks at the greeting", server: smtpServer{onGreeting: breakAt(99)}, want: unreachable},
		{name: "breaks at MAIL", server: smtpServer{onMail: breakAt(99)}, want: temporary},
		{name: "breaks at RCPT", server: smtpServer{onRcpt: func(c *smtp.Conn, _ string) error { return breakAt(1)(c, 0) }}, want: temporary},
		{name: "breaks in the content", server: smtpServer{onData: breakAt(99)}, want: temporary},
		{name: "breaks before the answer", server: smtpServer{afterData: breakAt(99)}, want: temporary},
		{name: "slow", server: smtpServer{afterData: func(*smtp.Conn, int) error { time.Sleep(300 * time.Millisecond); return nil }}, taken: 1},
		{name: "too slow", server: smtpServer{afterData: func(*smtp.Conn, int) error { time.Sleep(3 * time.Second); return nil }}, want: temporary},
	}
	for i := range tests {
		test := &tests[i]
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.server.t = t
			s := test.server.start(nil)
			receipt, err := send(t, s.sender(func(o *mail.SMTPOptions) { o.Timeout = time.Second }), message("jana@example.com"))
			got := ""
			switch {
			case errors.Is(err, mail.ErrRefused):
				got = final
			case errors.Is(err, mail.ErrUnreachable):
				got = unreachable
			case err != nil:
				got = temporary
			}
			if got != test.want || test.words != "" && !strings.Contains(err.Error(), test.words) {
				t.Errorf("got %q: %v; want %q with %q", got, err, test.want, test.words)
			}
			unknown := 0
			for _, r := range receipt.Refused {
				if r.Unknown {
					unknown++
				}
			}
			if err == nil && len(receipt.Taken) != test.taken || unknown != test.unknown {
				t.Errorf("receipt %+v", receipt)
			}
		})
	}
}

// TestRecipientsAreAnsweredOneByOne sends a mail that only some may have.
func TestRecipientsAreAnsweredOneByOne(t *testing.T) {
	t.Parallel()
	s := (&smtpServer{t: t, onRcpt: func(_ *smtp.Conn, to string) error {
		switch to {
		case "gone@example.com":
			return smtpError(550, smtp.EnhancedCode{5, 1, 1}, "No such user")
		case "full@example.com":
			return smtpError(452, smtp.EnhancedCode{4, 2, 2}, "Mailbox full")
		}
		return nil
	}}).start(nil)
	sender := s.sender(nil)
	receipt, err := send(t, sender, message("a@example.com", "gone@example.com"))
	if err != nil || !slices.Equal(receipt.Taken, []string{"a@example.com"}) || len(receipt.Refused) != 1 || !receipt.Refused[0].Unknown {
		t.Errorf("one gone: %+v %v", receipt, err)
	}
	receipt, err = send(t, sender, message("a@example.com", "full@example.com"))
	if err == nil || errors.Is(err, mail.ErrRefused) || len(receipt.Taken) != 1 || len(receipt.Deferred) != 1 {
		t.Errorf("one full: %+v %v", receipt, err)
	}
	if receipt, err = send(t, sender, message("gone@example.com", "full@example.com")); err == nil || errors.Is(err, mail.ErrRefused) || len(receipt.Taken) != 0 {
		t.Errorf("nobody yet: %+v %v", receipt, err)
	}
	if receipt, err = send(t, sender, message("a@example.com")); err != nil || len(receipt.Taken) != 1 {
		t.Errorf("the connection is of no use after that: %+v %v", receipt, err)
	}
	if connections, mails := s.seen(); connections != 1 || len(mails) != 3 {
		t.Errorf("%d mails over %d connections", len(mails), connections)
	}
}

// TestConnectionsAreKept sends mails one after the other and at once, and lets the server hang up between.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	var last *smtp.Conn
	s := &smtpServer{t: t}
	s.onMail = func(c *smtp.Conn, _ int) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		last = c
		return nil
	}
	s.start(nil)
	sender := s.sender(func(o *mail.SMTPOptions) { o.Connections, o.Idle = 3, 200*time.Millisecond })
	for range 5 {
		if _, err := send(t, sender, message("a@example.com")); err != nil {
			t.Fatal(err)
		}
	}
	if connections, _ := s.seen(); connections != 1 {
		t.Errorf("5 mails over %d connections", connections)
	}
	s.mu.Lock()
	_ = last.Conn().Close()
	s.mu.Unlock()
	if _, err := send(t, sender, message("a@example.com")); err != nil {
		t.Errorf("after the server has hung up: %v", err)
	}
	var senders sync.WaitGroup
	for range 20 {
		senders.Go(func() {
			if _, err := send(t, sender, message("a@example.com")); err != nil {
				t.Error(err)
			}
		})
	}
	senders.Wait()
	connections, mails := s.seen()
	if connections > 4 || len(mails) != 26 {
		t.Errorf("%d mails over %d connections", len(mails), connections)
	}
	time.Sleep(500 * time.Millisecond)
	if _, err := send(t, sender, message("a@example.com")); err != nil {
		t.Error(err)
	}
	if after, _ := s.seen(); after != connections+1 {
		t.Errorf("idle connections are kept: %d, %d", connections, after)
	}
	for range 120 {
		if _, err := send(t, sender, message("a@example.com")); err != nil {
			t.Fatal(err)
		}
	}
	if at, _ := s.seen(); at != connections+2 {
		t.Errorf("120 mails over %d connections", at-connections-1)
	}
}

func TestSendHeedsItsContext(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]*smtpServer{
		"in the greeting": {onGreeting: func(*smtp.Conn, int) error { time.Sleep(2 * time.Second); return nil }},
		"in the mail":     {afterData: func(*smtp.Conn, int) error { time.Sleep(2 * time.Second); return nil }},
	} {
		server.t = t
		s := server.start(nil)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		started := time.Now()
		_, err := s.sender(nil).Send(ctx, message("a@example.com"), []string{"a@example.com"})
		if err == nil || errors.Is(err, mail.ErrUnreachable) || time.Since(started) > time.Second {
			t.Errorf("%s: %v after %s", name, err, time.Since(started))
		}
	}
}

// certificate is for localhost, with a pool that trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}, pool
}

func TestEncryptionAndPasswords(t *testing.T) {
	t.Parallel()
	config, trusted := certificate(t)
	implicit := func(s *smtp.Server) { s.TLSConfig, s.Domain = config, "implicit" }
	starttls := func(s *smtp.Server) { s.TLSConfig = config }
	for _, test := range []struct {
		name      string
		configure func(*smtp.Server)
		user      string
		options   func(*mail.SMTPOptions)
		works     bool
	}{
		{"STARTTLS", starttls, "", func(o *mail.SMTPOptions) { o.RootCAs = trusted }, true},
		{"STARTTLS with a password", starttls, "shop", func(o *mail.SMTPOptions) { o.RootCAs, o.User, o.Password = trusted, "shop", "secret" }, true},
		{"TLS from the start", implicit, "", func(o *mail.SMTPOptions) { o.RootCAs, o.UseSSL = trusted, true }, true},
		{"TLS from the start with a password", implicit, "shop", func(o *mail.SMTPOptions) { o.RootCAs, o.UseSSL, o.User, o.Password = trusted, true, "shop", "secret" }, true},
		{"wrong password", starttls, "shop", func(o *mail.SMTPOptions) { o.RootCAs, o.User, o.Password = trusted, "shop", "wrong" }, false},
		{"password without encryption", func(s *smtp.Server) { s.AllowInsecureAuth = true }, "shop", func(o *mail.SMTPOptions) { o.User, o.Password = "shop", "secret" }, false},
		{"unknown certificate", starttls, "", nil, false},
		{"unknown certificate from the start", implicit, "", func(o *mail.SMTPOptions) { o.UseSSL = true }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := (&smtpServer{t: t, user: test.user}).start(test.configure)
			_, err := send(t, s.sender(test.options), message("a@example.com"))
			if (err == nil) != test.works || err != nil && !errors.Is(err, mail.ErrUnreachable) {
				t.Errorf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Error("the error tells the password")
			}
			if _, mails := s.seen(); (len(mails) == 1) != test.works {
				t.Errorf("%d mails have arrived", len(mails))
			}
		})
	}
}

// TestWireFormat reads a mail as it arrives.
func TestWireFormat(t *testing.T) {
	t.Parallel()
	s := (&smtpServer{t: t}).start(nil)
	m := message("jana@xn--hky-ela4t.cz")
	m.ReplyTo, m.UnsubscribeURL = "help@example.com", "https://api.shop.example/unsubscribe/"+strings.Repeat("x", 60)
	m.Attachments = []*models.EmailAttachment{{Filename: "faktura č. 1.pdf", ContentType: "application/pdf", Content: []byte("%PDF-1.7")}}
	if _, err := send(t, s.sender(nil), m); err != nil {
		t.Fatal(err)
	}
	_, mails := s.seen()
	head, _, _ := strings.Cut(mails[0].content, "\r\n\r\n")
	for _, want := range []string{
		"Message-ID: <" + m.MessageID + ">", "Date: Thu, 26 Nov 2026 09:00:00 +0000", "Reply-To: <help@example.com>", "Auto-Submitted: auto-generated",
		"List-Unsubscribe: <" + m.UnsubscribeURL + ">", "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Content-Language: cs", "MIME-Version: 1.0",
	} {
		if !strings.Contains(head, want) {
			t.Errorf("no %q in\n%s", want, head)
		}
	}
	if !strings.Contains(mails[0].content, base64.StdEncoding.EncodeToString([]byte("%PDF-1.7"))) || mails[0].from != "shop@example.com" {
		t.Errorf("from %s: %s", mails[0].from, mails[0].content)
	}
	for line := range strings.SplitSeq(mails[0].content, "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("line of %d bytes: %.80q", len(line), line)
		}
	}
}

// TestSignatures are checked with the verifier of the library that made them.
func TestSignatures(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaPublic, _ := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	pkcs8, _ := x509.MarshalPKCS8PrivateKey(edKey)
	for name, test := range map[string]struct {
		key    *pem.Block
		record string
	}{
		"RSA":     {&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)}, "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(rsaPublic)},
		"Ed25519": {&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}, "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(edKey.Public().(ed25519.PublicKey))},
	} {
		signer, err := mail.NewDKIMSigner("example.com", "shop", pem.EncodeToMemory(test.key))
		if err != nil {
			t.Fatal(err)
		}
		s := (&smtpServer{t: t}).start(nil)
		if _, err := send(t, s.sender(func(o *mail.SMTPOptions) { o.DKIM = signer }), message("a@example.com")); err != nil {
			t.Fatal(err)
		}
		_, mails := s.seen()
		verify := func(content string) error {
			found, err := dkim.VerifyWithOptions(strings.NewReader(content), &dkim.VerifyOptions{LookupTXT: func(domain string) ([]string, error) {
				if domain != "shop._domainkey.example.com" {
					t.Errorf("asks for %s", domain)
				}
				return []string{test.record}, nil
			}})
			if err != nil || len(found) != 1 {
				return errors.Join(err, errors.New("no signature"))
			}
			return found[0].Err
		}
		if err := verify(mails[0].content); err != nil {
			t.Errorf("%s: %v\n%s", name, err, mails[0].content)
		}
		if verify(strings.Replace(mails[0].content, "Subject: ", "Subject: x", 1)) == nil {
			t.Errorf("%s: another subject has the same signature", name)
		}
		if verify("List-Unsubscribe: <https://evil.example>\r\n"+mails[0].content) == nil {
			t.Errorf("%s: a header can be added", name)
		}
	}
	for _, key := range []string{"", "garbage", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if _, err := mail.NewDKIMSigner("example.com", "shop", []byte(key)); err == nil {
			t.Errorf("%q is taken for a key", key)
		}
	}
}

// TestServerWithoutPipelining wants one command at a time, as old servers do.
func TestServerWithoutPipelining(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	var commands []string
	var mu sync.Mutex
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go oldServer(conn, func(command string) { mu.Lock(); commands = append(commands, command); mu.Unlock() })
		}
	}()
	sender := newSender(t, listener.Addr().String(), nil)
	receipt, err := send(t, sender, message("a@example.com", "gone@example.com"))
	if err != nil || len(receipt.Taken) != 1 || len(receipt.Refused) != 1 {
		t.Errorf("got %+v %v", receipt, err)
	}
	if _, err = send(t, sender, message("gone@example.com")); !errors.Is(err, mail.ErrRefused) {
		t.Errorf("got %v", err)
	}
	if _, err = send(t, sender, message("a@example.com")); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	want := []string{"EHLO", "MAIL", "RCPT", "RCPT", "DATA", ".", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", "."}
	if !slices.Equal(commands, want) {
		t.Errorf("got %v, want %v", commands, want)
	}
}

// oldServer hangs up on a client that does not wait for its answers.
func oldServer(conn net.Conn, heard func(string)) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	say := func(line string) { _, _ = conn.Write([]byte(line + "\r\n")) }
	say("220 old.example")
	for {
		line, err := in.ReadBytes('\n')
		if err != nil || in.Buffered() > 0 {
			return
		}
		command := string(bytes.ToUpper(line[:4]))
		heard(command)
		switch {
		case command == "DATA":
			say("354 go on")
			for !bytes.Equal(line, []byte(".\r\n")) {
				if line, err = in.ReadBytes('\n'); err != nil {
					return
				}
			}
			heard(".")
			say("250 taken")
		case bytes.Contains(line, []byte("gone@")):
			say("550 5.1.1 No such user")
		default:
			say("250 old.example")
		}
	}
}
