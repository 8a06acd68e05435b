package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"
)

// catalogueChanges is the channel on which triggers tell of changes.
const catalogueChanges = "catalogue_changes"

const (
	// quietTime is how long nothing is heard until the connection is asked whether it still works, and askAgain the
	// pause between such questions: the first may come before the server has begun to listen for us.
	quietTime = time.Second
	askAgain  = 100 * time.Millisecond
	// answerTime is how long the answer may take.
	answerTime = 2 * time.Second
)

// CatalogueChange says what a committed transaction has changed.
type CatalogueChange struct {
	// Products are those that have changed; AllProducts says that they were too many to be named.
	Products    []uuid.UUID
	AllProducts bool
	// Reference says that something has changed that products refer to: categories, attributes, types, price lists,
	// countries, VAT groups.
	Reference bool
}

// CatalogueListener hears of changes.
type CatalogueListener interface {
	// Listening says that from now on every change will be heard.
	Listening()
	// Heard is called for each change, soon after its commit.
	Heard(change CatalogueChange)
	// Deaf says that changes may be missed from now on.
	Deaf()
}

// ListenToCatalogue tells the listener of changes until the context ends or the connection breaks; the error says why.
func (s *Store) ListenToCatalogue(ctx context.Context, l CatalogueListener) error {
	db, ok := s.db.(*bun.DB)
	if !ok {
		return fmt.Errorf("listen to the catalogue in a transaction: %w", errors.ErrUnsupported)
	}
	connection := pgdriver.NewListener(db)
	defer func() { _ = connection.Close() }()
	defer context.AfterFunc(ctx, func() { _ = connection.Close() })()
	if err := connection.Listen(ctx, catalogueChanges); err != nil {
		return wrap(ctx, err, "listen to the catalogue")
	}
	defer l.Deaf()
	check := connectionCheck{store: s, pause: time.Millisecond}
	for {
		_, payload, err := connection.ReceiveTimeout(ctx, check.pause)
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() && ctx.Err() == nil {
			if err := check.ask(ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return wrap(ctx, err, "listen to the catalogue")
		}
		if check.answeredBy(payload) {
			l.Listening() // what is committed after the question is heard as well
		} else if change, ok := readCatalogueChange(payload); ok {
			l.Heard(change)
		}
	}
}

// connectionCheck asks by way of another connection whether what is told is heard.
type connectionCheck struct {
	store *Store
	// ping is what should be heard; empty when there is no question.
	ping  string
	asked time.Time
	// pause is how long to listen until the next question.
	pause time.Duration
}

func (c *connectionCheck) ask(ctx context.Context) error {
	if c.ping == "" {
		c.ping, c.asked, c.pause = "ping "+rand.Text(), time.Now(), askAgain
	}
	if time.Since(c.asked) > answerTime {
		return errors.New("listen to the catalogue: the connection does not answer")
	}
	return c.store.notifyCatalogue(ctx, c.ping)
}

func (c *connectionCheck) answeredBy(payload string) bool {
	if payload != c.ping {
		return false
	}
	c.ping, c.pause = "", quietTime
	return true
}

func (s *Store) notifyCatalogue(ctx context.Context, payload string) error {
	_, err := s.db.NewRaw("SELECT pg_notify(?, ?)", catalogueChanges, payload).Exec(ctx)
	return wrap(ctx, err, "ask whether changes are heard")
}

// readCatalogueChange reads what the triggers write; pings of others are no changes.
func readCatalogueChange(payload string) (change CatalogueChange, ok bool) {
	kind, ids, _ := strings.Cut(payload, " ")
	switch kind {
	case "ping":
		return change, false
	case "reference":
		return CatalogueChange{Reference: true}, true
	case "products":
		for text := range strings.FieldsSeq(ids) {
			id, err := uuid.Parse(text)
			if err != nil { // an asterisk
				return CatalogueChange{AllProducts: true}, true
			}
			change.Products = append(change.Products, id)
		}
		return change, true
	}
	return CatalogueChange{AllProducts: true, Reference: true}, true
}
