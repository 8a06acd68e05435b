package mail

import (
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"time"

	"ecoseller/models"
)

// goodbyeTimeout is how long we wait for the answer to NOOP and QUIT.
const goodbyeTimeout = 5 * time.Second

// connection is an open conversation with the mail server, ready for a mail.
type connection struct {
	raw     net.Conn
	text    *textproto.Conn
	timeout time.Duration
	// pipelining says that commands need not wait for answers (RFC 2920): one round trip instead of three.
	pipelining bool
	// mails counts those sent over it.
	mails     int
	idleSince time.Time
}

// staleError says that a connection which had been kept was of no use any more; the server has not seen
// the mail.
type staleError struct{ error }

func (e *staleError) Unwrap() error { return e.error }

// delivery is how a mail went over a connection.
type delivery struct {
	receipt models.EmailReceipt
	err     error
	// broken says that the connection can take no other mail.
	broken bool
}

func (c *connection) hangUp() { _ = c.raw.Close() }

// deliver sends one mail and reads what the server says to it.
func (c *connection) deliver(from string, to []string, content []byte) delivery {
	reused := c.mails > 0
	c.mails++
	err := c.raw.SetDeadline(time.Now().Add(c.timeout))
	var mailReply, dataReply *textproto.Error
	var recipientReplies []*textproto.Error
	if err == nil {
		mailReply, recipientReplies, dataReply, err = c.envelope(from, to)
	}
	if err != nil {
		if reused {
			return delivery{err: &staleError{err}, broken: true}
		}
		return delivery{err: &sendError{kind: errInterrupted, cause: err}, broken: true}
	}
	if mailReply != nil {
		result := c.refuse(mailReply, reused)
		result.broken = result.broken || c.pipelining && dataReply == nil // it waits for the content
		return result
	}
	receipt := receiptOf(to, recipientReplies)
	if len(receipt.Taken) == 0 {
		return c.nobody(receipt, dataReply == nil)
	}
	if dataReply != nil {
		return c.refuse(dataReply, false)
	}
	return c.content(receipt, content)
}

// envelope says who sends to whom. The replies are nil where the server said yes; the error is about the
// connection.
func (c *connection) envelope(from string, to []string) (mail *textproto.Error, recipients []*textproto.Error, data *textproto.Error, err error) {
	if err := c.command("MAIL FROM:<%s>", strings.Trim(from, "<>")); err != nil {
		return nil, nil, nil, err
	}
	if !c.pipelining {
		if mail, err = c.reply(2); err != nil || mail != nil {
			return mail, nil, nil, err
		}
	}
	recipients = make([]*textproto.Error, len(to))
	for i, address := range to {
		if err := c.command("RCPT TO:<%s>", address); err != nil {
			return nil, nil, nil, err
		}
		if c.pipelining {
			continue
		}
		if recipients[i], err = c.reply(2); err != nil {
			return nil, nil, nil, err
		}
	}
	if !c.pipelining && !slices.Contains(recipients, nil) {
		return nil, recipients, &textproto.Error{Code: 503, Msg: "nobody to send to"}, nil
	}
	if err := c.command("DATA"); err != nil {
		return nil, nil, nil, err
	}
	if !c.pipelining {
		data, err = c.reply(3)
		return nil, recipients, data, err
	}
	return c.replies(recipients)
}

// replies reads what the server says to an envelope that was sent at once.
func (c *connection) replies(recipients []*textproto.Error) (mail *textproto.Error, _ []*textproto.Error, data *textproto.Error, err error) {
	if err := c.text.W.Flush(); err != nil {
		return nil, nil, nil, err
	}
	if mail, err = c.reply(2); err != nil || mail != nil && mail.Code == 421 {
		return mail, nil, nil, err
	}
	for i := range recipients {
		if recipients[i], err = c.reply(2); err != nil {
			return nil, nil, nil, err
		}
	}
	if data, err = c.reply(3); err != nil {
		return nil, nil, nil, err
	}
	return mail, recipients, data, nil
}

// content sends the mail itself. When the connection breaks before the server has answered, nobody knows
// whether it has taken the mail: it is sent again, with the same Message-ID.
func (c *connection) content(receipt models.EmailReceipt, content []byte) delivery {
	if err := c.raw.SetDeadline(time.Now().Add(c.timeout)); err != nil {
		return delivery{err: &sendError{kind: errInterrupted, cause: err}, broken: true}
	}
	w := c.text.DotWriter()
	_, err := w.Write(content)
	if err = errors.Join(err, w.Close()); err != nil {
		return delivery{err: &sendError{kind: errInterrupted, cause: err}, broken: true}
	}
	answer, err := c.reply(2)
	switch {
	case err != nil:
		return delivery{err: &sendError{kind: errInterrupted, cause: err}, broken: true}
	case answer != nil:
		return c.refuseContent(receipt, answer)
	case len(receipt.Deferred) > 0:
		return delivery{receipt: receipt, err: deferred(receipt)}
	}
	return delivery{receipt: receipt}
}

// refuse ends a mail that the server does not want before it has seen it. 421 says that it hangs up.
func (c *connection) refuse(answer *textproto.Error, reused bool) delivery {
	if answer.Code == 421 {
		if reused {
			return delivery{err: &staleError{answer}, broken: true}
		}
		return delivery{err: answerError(answer), broken: true}
	}
	return delivery{err: answerError(answer), broken: !c.reset()}
}

// refuseContent is the server's no to the whole mail. With one recipient it may be about the recipient.
func (c *connection) refuseContent(receipt models.EmailReceipt, answer *textproto.Error) delivery {
	result := delivery{err: answerError(answer), broken: answer.Code == 421}
	if len(receipt.Taken) == 1 && answer.Code >= 500 {
		result.receipt.Refused = slices.Concat(receipt.Refused, []models.EmailRefusal{refusal(receipt.Taken[0], answer)})
	}
	return result
}

// nobody ends a mail that no recipient may have. A server that is ready for it nevertheless gets an empty
// one, and says no to that (RFC 2920, section 3.1).
func (c *connection) nobody(receipt models.EmailReceipt, ready bool) delivery {
	broken := false
	if ready {
		_, err := c.text.W.WriteString(".\r\n")
		if err == nil {
			err = c.text.W.Flush()
		}
		if err == nil {
			_, err = c.reply(2)
		}
		broken = err != nil
	}
	result := delivery{receipt: receipt, broken: broken || !c.reset()}
	if len(receipt.Deferred) > 0 {
		result.err = deferred(receipt)
		return result
	}
	words := make([]string, len(receipt.Refused))
	for i, r := range receipt.Refused {
		words[i] = r.Words
	}
	result.err = &sendError{kind: ErrRefused, code: codeOf(words[0]), cause: errors.New(strings.Join(words, "; "))}
	return result
}

func deferred(receipt models.EmailReceipt) error {
	first := receipt.Deferred[0]
	return &sendError{kind: errInterrupted, code: codeOf(first.Words), cause: fmt.Errorf("%s: %s", first.Address, first.Words)}
}

func answerError(answer *textproto.Error) error {
	if answer.Code >= 500 {
		return &sendError{kind: ErrRefused, code: answer.Code, cause: answer}
	}
	return &sendError{kind: errInterrupted, code: answer.Code, cause: answer}
}

func receiptOf(to []string, replies []*textproto.Error) models.EmailReceipt {
	var receipt models.EmailReceipt
	for i, answer := range replies {
		switch {
		case answer == nil:
			receipt.Taken = append(receipt.Taken, to[i])
		case answer.Code >= 500:
			receipt.Refused = append(receipt.Refused, refusal(to[i], answer))
		default:
			receipt.Deferred = append(receipt.Deferred, refusal(to[i], answer))
		}
	}
	return receipt
}

// unknownMailbox are the enhanced status codes that say that there is no such address and will be none
// (RFC 3463, section 3.2). A plain 550 may as well be about us.
var unknownMailbox = regexp.MustCompile(`^(5\.1\.(1|2|3|6|10))\b`)

func refusal(address string, answer *textproto.Error) models.EmailRefusal {
	return models.EmailRefusal{Address: address, Words: answer.Error(), Unknown: unknownMailbox.MatchString(answer.Msg)}
}

func codeOf(words string) (code int) {
	_, _ = fmt.Sscanf(words, "%d", &code)
	return code
}

// command writes a command; it is sent at once unless more follow before the answer is needed.
func (c *connection) command(format string, args ...any) error {
	line := fmt.Sprintf(format, args...)
	if strings.ContainsAny(line, "\r\n") {
		return errors.New("a command is one line")
	}
	if _, err := c.text.W.WriteString(line + "\r\n"); err != nil || c.pipelining {
		return err
	}
	return c.text.W.Flush()
}

// reply reads an answer whose code is to begin with a digit. An answer with another code is returned; the
// error is about the connection.
func (c *connection) reply(class int) (*textproto.Error, error) {
	if err := c.raw.SetDeadline(time.Now().Add(c.timeout)); err != nil {
		return nil, err
	}
	_, _, err := c.text.ReadResponse(class)
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		return answer, nil
	}
	return nil, err
}

// reset makes the connection ready for another mail.
func (c *connection) reset() bool { return c.ask("RSET") }

// alive says whether the server still answers.
func (c *connection) alive() bool { return c.ask("NOOP") }

func (c *connection) ask(command string) bool {
	if err := c.raw.SetDeadline(time.Now().Add(goodbyeTimeout)); err != nil {
		return false
	}
	if err := c.text.PrintfLine("%s", command); err != nil {
		return false
	}
	_, _, err := c.text.ReadResponse(2)
	return err == nil
}

// quit says goodbye and closes the connection.
func (c *connection) quit() {
	_ = c.ask("QUIT")
	c.hangUp()
}
