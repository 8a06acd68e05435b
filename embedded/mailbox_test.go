package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"net/smtp"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"ecoseller/embedded"
)

func TestMailboxCatchesMail(t *testing.T) {
	t.Parallel()
	mailbox := startMailbox(t)
	before := time.Now()
	send(t, mailbox, "Hello", "first@example.com", "second@example.com")

	messages := wait(t, mailbox, 1)
	if len(messages) != 1 {
		t.Fatalf("got %d messages", len(messages))
	}
	got := messages[0]
	if got.From != "shop@example.com" || !slices.Equal(got.To, []string{"first@example.com", "second@example.com"}) {
		t.Errorf("envelope: from %s to %v", got.From, got.To)
	}
	if got.Subject != "Hello" || got.MessageID != "Hello@example.com" || strings.TrimSpace(got.Text) != "Body of Hello" {
		t.Errorf("content: %q, %q, %q", got.Subject, got.MessageID, got.Text)
	}
	if !strings.HasPrefix(string(got.Data), "Subject: Hello\r\n") {
		t.Errorf("raw: %q", got.Data)
	}
	if got.Received.Before(before) || got.Received.After(time.Now()) {
		t.Errorf("received %s", got.Received)
	}
}

// Several mails on one connection must not mix their recipients.
func TestMailboxKeepsMailsOfOneConnectionApart(t *testing.T) {
	t.Parallel()
	mailbox := startMailbox(t)
	client := dial(t, mailbox)
	for _, name := range []string{"first", "second"} {
		if err := deliver(client, name, name+"@example.com"); err != nil {
			t.Fatal(err)
		}
	}
	messages := wait(t, mailbox, 2)
	for i, name := range []string{"first", "second"} {
		if messages[i].Subject != name || !slices.Equal(messages[i].To, []string{name + "@example.com"}) {
			t.Errorf("message %d: %q to %v", i, messages[i].Subject, messages[i].To)
		}
	}
}

func TestMailboxTakesMailAtTheSameTime(t *testing.T) {
	t.Parallel()
	mailbox := startMailbox(t)
	const senders, each = 8, 5
	var group sync.WaitGroup
	for sender := range senders {
		group.Go(func() {
			for i := range each {
				send(t, mailbox, fmt.Sprintf("%d-%d", sender, i), "a@example.com")
				_ = mailbox.Messages()
			}
		})
	}
	messages := wait(t, mailbox, senders*each)
	group.Wait()
	subjects := map[string]bool{}
	for _, message := range messages {
		subjects[message.Subject] = true
	}
	if len(subjects) != senders*each {
		t.Errorf("got %d different messages", len(subjects))
	}
}

func TestMailboxKeepsTheNewest(t *testing.T) {
	t.Parallel()
	mailbox := startMailbox(t)
	client := dial(t, mailbox)
	const sent = 503
	for i := range sent {
		if err := deliver(client, fmt.Sprint(i), "a@example.com"); err != nil {
			t.Fatal(err)
		}
	}
	messages := mailbox.Messages()
	if len(messages) != 500 || messages[0].Subject != "3" || messages[499].Subject != "502" {
		t.Errorf("kept %d, from %q to %q", len(messages), messages[0].Subject, messages[len(messages)-1].Subject)
	}
	if _, err := mailbox.Wait(t.Context(), 501); err == nil {
		t.Error("waits for more than it keeps")
	}
}

func TestMailboxRefusesWhatItIsTold(t *testing.T) {
	t.Parallel()
	mailbox := startMailbox(t)
	mailbox.SetReply(func(to []string) *gosmtp.SMTPError {
		if slices.Contains(to, "full@example.com") {
			return &gosmtp.SMTPError{Code: 452, EnhancedCode: gosmtp.EnhancedCode{4, 2, 2}, Message: "Mailbox full"}
		}
		return nil
	})
	client := dial(t, mailbox)
	err := deliver(client, "no", "full@example.com")
	if refusal, ok := errors.AsType[*textproto.Error](err); !ok || refusal.Code != 452 {
		t.Errorf("got %v", err)
	}
	if err := deliver(client, "yes", "a@example.com"); err != nil {
		t.Errorf("the connection does not go on after a refusal: %v", err)
	}
	mailbox.SetReply(nil)
	if err := deliver(client, "now", "full@example.com"); err != nil {
		t.Error(err)
	}
	var subjects []string
	for _, message := range mailbox.Messages() {
		subjects = append(subjects, message.Subject)
	}
	if !slices.Equal(subjects, []string{"yes", "now"}) {
		t.Errorf("kept %v", subjects)
	}
}

// The client announces the size, which the server must not merely accept.
func TestMailboxRefusesTooLargeMail(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]int{25 << 20: 250, 25<<20 + 1: 552} {
		client := dial(t, startMailbox(t))
		if err := client.Hello("localhost"); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Text.Cmd("MAIL FROM:<shop@example.com> SIZE=%d", size); err != nil {
			t.Fatal(err)
		}
		if _, _, err := client.Text.ReadResponse(want); err != nil {
			t.Errorf("%d bytes: got %v, want %d", size, err, want)
		}
	}
}

func TestMailboxIsSlowWhenTold(t *testing.T) {
	t.Parallel()
	mailbox := startMailbox(t)
	mailbox.SetDelay(100 * time.Millisecond)
	before := time.Now()
	send(t, mailbox, "slow", "a@example.com")
	if took := time.Since(before); took < 100*time.Millisecond {
		t.Errorf("answered after %s", took)
	}
}

func TestMailboxWaitEnds(t *testing.T) {
	t.Parallel()
	t.Run("with the context", func(t *testing.T) {
		t.Parallel()
		mailbox := startMailbox(t)
		send(t, mailbox, "only", "a@example.com")
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		messages, err := mailbox.Wait(ctx, 2)
		if !errors.Is(err, context.DeadlineExceeded) || len(messages) != 1 {
			t.Errorf("got %d messages, %v", len(messages), err)
		}
	})
	t.Run("with the mailbox", func(t *testing.T) {
		t.Parallel()
		mailbox := startMailbox(t)
		time.AfterFunc(20*time.Millisecond, mailbox.Stop)
		if _, err := mailbox.Wait(t.Context(), 1); !errors.Is(err, embedded.ErrMailboxStopped) {
			t.Errorf("got %v", err)
		}
	})
}

func TestMailboxStops(t *testing.T) {
	t.Parallel()
	mailbox := startMailbox(t)
	send(t, mailbox, "before", "a@example.com")
	mailbox.SetDelay(time.Hour)
	client := dial(t, mailbox)
	answer := make(chan error, 1)
	go func() { answer <- deliver(client, "pending", "a@example.com") }()
	time.Sleep(50 * time.Millisecond)

	mailbox.Stop()
	mailbox.Stop()
	select {
	case err := <-answer:
		if err == nil {
			t.Error("a mail was accepted after the stop")
		}
	case <-time.After(5 * time.Second):
		t.Fatal("a client hangs")
	}
	if _, err := smtp.Dial(mailbox.Address()); err == nil {
		t.Error("still listens")
	}
	if messages := mailbox.Messages(); len(messages) != 1 || messages[0].Subject != "before" {
		t.Errorf("kept %v", messages)
	}
}

func TestMailboxAddressTaken(t *testing.T) {
	t.Parallel()
	first := startMailbox(t)
	if second, err := embedded.StartMailbox(first.Address()); err == nil {
		second.Stop()
		t.Error("two mailboxes on one address")
	}
}

func startMailbox(t *testing.T) *embedded.Mailbox {
	t.Helper()
	mailbox, err := embedded.StartMailbox("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(mailbox.Stop)
	return mailbox
}

func wait(t *testing.T, mailbox *embedded.Mailbox, n int) []embedded.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	messages, err := mailbox.Wait(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// send delivers one mail on a connection of its own, with an independent client.
func send(t *testing.T, mailbox *embedded.Mailbox, name string, to ...string) {
	t.Helper()
	if err := smtp.SendMail(mailbox.Address(), nil, "shop@example.com", to, []byte(mail(name))); err != nil {
		t.Errorf("send %s: %v", name, err)
	}
}

func mail(name string) string {
	return fmt.Sprintf("Subject: %s\r\nMessage-ID: <%s@example.com>\r\n\r\nBody of %s\r\n", name, name, name)
}

func dial(t *testing.T, mailbox *embedded.Mailbox) *smtp.Client {
	t.Helper()
	client, err := smtp.Dial(mailbox.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func deliver(client *smtp.Client, name string, to ...string) error {
	if err := client.Mail("shop@example.com"); err != nil {
		return err
	}
	for _, address := range to {
		if err := client.Rcpt(address); err != nil {
			return err
		}
	}
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(mail(name))); err != nil {
		return err
	}
	return w.Close()
}
