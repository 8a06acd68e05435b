package resolvers

import (
	"bytes"
	"context"
	"fmt"

	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/mail"
	"ecoseller/models"
)

// draftOf reads the input; a mail without a language is in the operation's.
func draftOf(request *graph.Request, input graph.SendEmailInput) (mail.Draft, error) {
	chain, err := request.Chain(input.Language.Value())
	if err != nil {
		return mail.Draft{}, err
	}
	return mail.Draft{
		To: input.To, Subject: input.Subject, Text: orEmpty(input.Text.Value()), HTML: orEmpty(input.HTML.Value()),
		Language: chain[0], IdempotencyKey: input.IdempotencyKey.Value(),
	}, nil
}

// acceptEmail checks the draft and writes it down as a mail to be sent.
func (r *Resolver) acceptEmail(ctx context.Context, token *models.AccessToken, draft mail.Draft) (*graph.SendEmailPayload, error) {
	checked, problems := draft.Check()
	if len(problems) > 0 {
		return refusedEmail(problems...), nil
	}
	message := &models.EmailMessage{
		State: models.EmailQueued, Recipients: checked.To, Subject: checked.Subject, Text: checked.Text, HTML: checked.HTML,
		Language: checked.Language, MessageID: fmt.Sprintf("%s@%s", uuid.NewString(), r.MessageIDDomain),
		AccessTokenID: token.ID, IdempotencyKey: checked.IdempotencyKey, RequestHash: checked.Hash(),
	}
	accepted, err := r.Store.AcceptEmailMessage(ctx, message)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(accepted.RequestHash, message.RequestHash) {
		return refusedEmail(&models.UserError{
			Field: []string{"idempotencyKey"}, Code: models.UserErrorIdempotencyKeyReused,
			Message: "the key was used before for another mail",
		}), nil
	}
	return &graph.SendEmailPayload{Email: accepted, UserErrors: []*models.UserError{}}, nil
}

func refusedEmail(problems ...*models.UserError) *graph.SendEmailPayload {
	payload := &graph.SendEmailPayload{}
	for _, p := range problems {
		payload.UserErrors = append(payload.UserErrors, &models.UserError{
			Field: append([]string{"input"}, p.Field...), Message: p.Message, Code: p.Code,
		})
	}
	return payload
}

// emailOf returns a mail to the token that asked for it, and nil to others.
func (r *Resolver) emailOf(ctx context.Context, token *models.AccessToken, id uuid.UUID) (*models.EmailMessage, error) {
	messages, err := r.Store.EmailMessagesByIDs(ctx, []uuid.UUID{id})
	if err != nil || len(messages) == 0 || messages[0].AccessTokenID != token.ID {
		return nil, err
	}
	return messages[0], nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
