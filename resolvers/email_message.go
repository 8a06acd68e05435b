package resolvers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/mail"
	"ecoseller/models"
	"ecoseller/store"
)

// mailer returns the request of a caller who may send mail.
func mailer(ctx context.Context) (*graph.Request, error) {
	request := graph.FromContext(ctx)
	return request, request.Require(models.PermissionSendEmail)
}

// sendContent sends a mail that has a template.
func (r *Resolver) sendContent(ctx context.Context, input graph.EmailDeliveryInput, content mail.Content) (*graph.SendEmailPayload, error) {
	request, err := mailer(ctx)
	if err != nil {
		return nil, err
	}
	delivery, err := deliveryOf(request, input)
	if err != nil {
		return nil, err
	}
	return r.acceptEmail(ctx, request.Token, delivery, "delivery", content, "data")
}

// deliveryOf reads the input; a mail without a language is in the operation's.
func deliveryOf(request *graph.Request, input graph.EmailDeliveryInput) (mail.Delivery, error) {
	chain, err := request.Chain(input.Language.Value())
	if err != nil {
		return mail.Delivery{}, err
	}
	return mail.Delivery{
		To: input.To, ReplyTo: orEmpty(input.ReplyTo.Value()), Language: chain[0], SendAt: input.SendAt.Value(),
		IdempotencyKey: input.IdempotencyKey.Value(), CancellationKey: input.CancellationKey.Value(), Attachments: input.Attachments.Value(),
	}, nil
}

func deliveryOfCustom(input graph.SendEmailInput) graph.EmailDeliveryInput {
	return graph.EmailDeliveryInput{
		To: input.To, Language: input.Language, ReplyTo: input.ReplyTo, SendAt: input.SendAt, IdempotencyKey: input.IdempotencyKey,
		CancellationKey: input.CancellationKey, Attachments: input.Attachments,
	}
}

// acceptEmail checks and writes a mail, and has it sent, unless there is too much of it or nobody may get it.
func (r *Resolver) acceptEmail(ctx context.Context, token *models.AccessToken, d mail.Delivery, deliveryAt string, content mail.Content, contentAt string) (*graph.SendEmailPayload, error) {
	message, problems, err := r.Composer.Compose(d, deliveryAt, content, contentAt)
	if err != nil || len(problems) > 0 {
		return &graph.SendEmailPayload{UserErrors: problems}, err
	}
	message.AccessTokenID = token.ID
	if before, err := r.sameKey(ctx, message); before != nil || err != nil {
		return accepted(message, before, deliveryAt), err
	}
	if problems, err = r.mayMail(ctx, token, message, deliveryAt); err != nil || len(problems) > 0 {
		return &graph.SendEmailPayload{UserErrors: problems}, err
	}
	written, err := r.Store.AcceptEmailMessage(ctx, message)
	if err != nil {
		return nil, err
	}
	return accepted(message, written, deliveryAt), nil
}

// sameKey returns the mail that was accepted under the same idempotency key before; nil when there is none.
func (r *Resolver) sameKey(ctx context.Context, m *models.EmailMessage) (*models.EmailMessage, error) {
	if m.IdempotencyKey == nil {
		return nil, nil //nolint:nilnil // no mail is an answer
	}
	before, err := r.Store.EmailMessageByKey(ctx, m.AccessTokenID, *m.IdempotencyKey)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil //nolint:nilnil // no mail is an answer
	}
	return before, err
}

// accepted answers with what was written down, which is another mail's if the key was used twice.
func accepted(asked, written *models.EmailMessage, deliveryAt string) *graph.SendEmailPayload {
	if written == nil {
		return nil
	}
	if bytes.Equal(asked.RequestHash, written.RequestHash) {
		return &graph.SendEmailPayload{Email: written, UserErrors: []*models.UserError{}}
	}
	var problems models.UserErrors
	problems.Addf(models.UserErrorIdempotencyKeyReused, deliveryAt+".idempotencyKey", "the key was used before for another mail")
	return &graph.SendEmailPayload{UserErrors: problems}
}

// mayMail looks at the suppression list and at the rates.
func (r *Resolver) mayMail(ctx context.Context, token *models.AccessToken, m *models.EmailMessage, deliveryAt string) (models.UserErrors, error) {
	var problems models.UserErrors
	suppressed, err := r.Store.SuppressedAmong(ctx, m.Recipients, m.Kind.Optional())
	if err != nil {
		return nil, err
	}
	for i, address := range m.Recipients {
		same := func(s *models.EmailSuppression) bool { return s.Address == strings.ToLower(address) }
		if slices.ContainsFunc(suppressed, same) {
			problems.Addf(models.UserErrorSuppressed, deliveryAt+".to."+strconv.Itoa(i), "this address gets no such mail; see emailSuppressions")
		}
	}
	if len(problems) > 0 {
		return problems, nil
	}
	wait, err := r.Store.TakeEmailRate(ctx, token.ID, hashed(m.Recipients), r.EmailRates)
	if wait > 0 {
		problems.Addf(models.UserErrorRateLimited, deliveryAt+".to", "too much mail from this caller or to this address; try again in %s", wait.Round(time.Second)+time.Second)
	}
	return problems, err
}

func hashed(addresses []string) [][]byte {
	keys := make([][]byte, len(addresses))
	for i, a := range addresses {
		sum := sha256.Sum256([]byte(strings.ToLower(a)))
		keys[i] = sum[:]
	}
	return keys
}

// emailOf returns a mail to the token that asked for it and to those that manage mail, and nil to others.
func (r *Resolver) emailOf(ctx context.Context, token *models.AccessToken, id uuid.UUID) (*models.EmailMessage, error) {
	messages, err := r.Store.EmailMessagesByIDs(ctx, []uuid.UUID{id})
	if err != nil || len(messages) == 0 {
		return nil, err
	}
	if owner := ownerFor(token); owner != uuid.Nil && owner != messages[0].AccessTokenID {
		return nil, nil //nolint:nilnil // as if there were none
	}
	return messages[0], nil
}

// ownerFor is whose mail the caller may see: zero for everybody's.
func ownerFor(token *models.AccessToken) uuid.UUID {
	if token.Can(models.PermissionManageEmail) {
		return uuid.Nil
	}
	return token.ID
}

func (r *Resolver) resendEmail(ctx context.Context, id string) (*graph.SendEmailPayload, error) {
	request, m, err := r.ownEmail(ctx, id)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return refusedEmail(models.UserErrorNotFound, "there is no such mail"), nil
	}
	if problems, err := r.mayMail(ctx, request.Token, m, "id"); err != nil || len(problems) > 0 {
		return &graph.SendEmailPayload{UserErrors: problems}, err
	}
	resent, err := r.Store.ResendEmailMessage(ctx, m.ID, request.Token.ID, r.MessageIDDomain)
	if errors.Is(err, store.ErrWrongState) {
		return refusedEmail(models.UserErrorWrongState, "the mail will still be sent itself"), nil
	}
	if err != nil {
		return nil, err
	}
	return &graph.SendEmailPayload{Email: resent, UserErrors: []*models.UserError{}}, nil
}

func (r *Resolver) cancelEmail(ctx context.Context, id string) (*graph.SendEmailPayload, error) {
	_, m, err := r.ownEmail(ctx, id)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return refusedEmail(models.UserErrorNotFound, "there is no such mail"), nil
	}
	cancelled, err := r.Store.CancelEmailMessages(ctx, models.EmailFilter{}, []uuid.UUID{m.ID})
	if err != nil {
		return nil, err
	}
	if len(cancelled) == 0 {
		return refusedEmail(models.UserErrorWrongState, "the mail does not wait any more"), nil
	}
	return &graph.SendEmailPayload{Email: cancelled[0], UserErrors: []*models.UserError{}}, nil
}

// ownEmail returns a mail that the caller may change; nil when there is none.
func (r *Resolver) ownEmail(ctx context.Context, id string) (*graph.Request, *models.EmailMessage, error) {
	request, err := mailer(ctx)
	if err != nil {
		return nil, nil, err
	}
	key, err := models.ParseUUID(models.KindEmailMessage, id)
	if err != nil {
		return nil, nil, err
	}
	m, err := r.emailOf(ctx, request.Token, key)
	return request, m, err
}

func refusedEmail(code models.UserErrorCode, message string) *graph.SendEmailPayload {
	return &graph.SendEmailPayload{UserErrors: []*models.UserError{{Field: []string{"id"}, Message: message, Code: code}}}
}

// emailList returns a page of the mails that the caller may see.
func (r *Resolver) emailList(ctx context.Context, input *graph.EmailFilterInput, first int32, after *string) (*models.EmailMessageConnection, error) {
	request, err := mailer(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.checkPage("first", first); err != nil {
		return nil, err
	}
	filter := filterOf(input)
	filter.AccessTokenID = ownerFor(request.Token)
	from, err := cursorOrNil[models.EmailCursor](after)
	if err != nil {
		return nil, err
	}
	messages, more, err := r.Store.EmailMessages(ctx, filter, from, int(first))
	if err != nil {
		return nil, err
	}
	request.Loaders.ExpectEmails(messages)
	page := &models.EmailMessageConnection{Edges: []*models.EmailMessageEdge{}, Filter: filter, PageInfo: &models.PageInfo{HasNextPage: more, HasPreviousPage: from != nil}}
	for _, m := range messages {
		cursor, err := models.EncodeCursor(models.EmailCursor{ID: m.ID})
		if err != nil {
			return nil, err
		}
		page.Edges = append(page.Edges, &models.EmailMessageEdge{Cursor: cursor, Node: m})
	}
	if n := len(page.Edges); n > 0 {
		page.PageInfo.StartCursor, page.PageInfo.EndCursor = &page.Edges[0].Cursor, &page.Edges[n-1].Cursor
	}
	return page, nil
}

func filterOf(input *graph.EmailFilterInput) models.EmailFilter {
	if input == nil {
		return models.EmailFilter{}
	}
	return models.EmailFilter{
		State: valueOrZero(input.State), Kind: valueOrZero(input.Kind), Recipient: canonical(valueOrZero(input.Recipient)),
		CancellationKey: valueOrZero(input.CancellationKey),
	}
}

// canonical is the form in which an address was accepted.
func canonical(address string) string {
	if parsed, err := mail.ParseRecipient(address); err == nil {
		return parsed
	}
	return address
}

func valueOrZero[T any](o graphql.Omittable[*T]) T {
	if value := o.Value(); value != nil {
		return *value
	}
	var zero T
	return zero
}

// cursorOrNil reads a cursor; nil means the beginning of the list.
func cursorOrNil[T any](text *string) (*T, error) {
	if text == nil {
		return nil, nil //nolint:nilnil // the beginning
	}
	cursor := new(T)
	return cursor, models.DecodeCursor(*text, cursor)
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
