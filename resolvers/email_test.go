package resolvers_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/mail"
	"ecoseller/models"
)

// newRenderer reads the templates once for all tests: inlining their styles takes longer than most tests.
var newRenderer = sync.OnceValues(func() (*mail.Renderer, error) {
	return mail.NewRenderer(mail.Shop{Name: "Shop", URL: "https://shop.example"}, cataloguetest.Languages())
})

func newComposer(t testing.TB) *mail.Composer {
	t.Helper()
	renderer, err := newRenderer()
	if err != nil {
		t.Fatal(err)
	}
	return mail.NewComposer(renderer, mail.NewUnsubscriber([]byte("key"), "https://api.shop.example"), "shop.example")
}

// sent is the payload of the mutations that send mail.
type sent struct {
	Email *struct {
		ID, State, Kind, Subject, Language, Text, HTML string
		SendAt                                         *string
		Events                                         []struct {
			State   string
			Attempt int
		}
		Attachments []struct{ Filename, ContentType string }
	}
	UserErrors []struct {
		Field         []string
		Message, Code string
	}
}

const sentFields = `{ email { id state kind subject language text html sendAt events { state attempt } attachments { filename contentType } } userErrors { field message code } }`

// mutate sends one of the mutations and returns its payload.
func (s *shop) mutate(t *testing.T, name, signature, arguments string, variables map[string]any, token string) sent {
	t.Helper()
	var data map[string]sent
	s.data(t, &data, "mutation("+signature+") { "+name+"("+arguments+") "+sentFields+" }", variables, "Authorization", "Bearer "+token)
	return data[name]
}

func codes(p sent) string {
	var all []string
	for _, e := range p.UserErrors {
		all = append(all, strings.Join(e.Field, ".")+" "+e.Code)
	}
	return strings.Join(all, ", ")
}

// TestTypedMails sends each kind of mail that has a template through the API.
func TestTypedMails(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, test := range []struct{ mutation, input, kind, subject, data string }{
		{"sendOrderConfirmationEmail", "OrderConfirmationEmailInput", "ORDER_CONFIRMATION", "Přijali jsme Vaši objednávku 1", `{"customerName": "Jana", "order": {"number": "1",
			"placedAt": "2026-11-26T09:00:00Z", "currency": "CZK", "lines": [{"title": "Hrnek", "sku": "CUP-1", "quantity": 2, "price": "198.00", "url": "/cs/product/hrnek"}],
			"shipping": {"name": "Poštou", "price": "0"}, "total": "198"}}`},
		{"sendOrderStatusChangedEmail", "OrderStatusChangedEmailInput", "ORDER_STATUS_CHANGED", "Objednávka 1 je na cestě", `{"orderNumber": "1", "status": "SHIPPED", "trackingUrl": "https://carrier.example/1"}`},
		{"sendReviewRequestEmail", "ReviewRequestEmailInput", "REVIEW_REQUEST", "Jak jste s nákupem spokojeni?", `{"orderNumber": "1", "products": [{"title": "Hrnek", "reviewUrl": "/cs/product/hrnek/review"}]}`},
		{"sendComplaintReceivedEmail", "ComplaintReceivedEmailInput", "COMPLAINT_RECEIVED", "Přijali jsme Vaši reklamaci R1", `{"complaintNumber": "R1", "orderNumber": "1", "productTitle": "Hrnek", "description": "Prasklý", "receivedAt": "2026-11-26T09:00:00Z"}`},
		{"sendComplaintStatusChangedEmail", "ComplaintStatusChangedEmailInput", "COMPLAINT_STATUS_CHANGED", "Reklamace R1 byla uznána", `{"complaintNumber": "R1", "productTitle": "Hrnek", "status": "ACCEPTED"}`},
		{"sendReturnFormEmail", "ReturnFormEmailInput", "RETURN_FORM", "Jak vrátit zboží z objednávky 1", `{"orderNumber": "1", "formUrl": "/return/1", "returnBy": "2026-12-10T09:00:00Z", "returnAddress": ["Sklad", "Brno"]}`},
		{"sendAccountWelcomeEmail", "AccountWelcomeEmailInput", "ACCOUNT_WELCOME", "Vítejte v obchodě Shop", `{"accountUrl": "/account"}`},
		{"sendAddressVerificationEmail", "AddressVerificationEmailInput", "ADDRESS_VERIFICATION", "Potvrďte prosím svou e-mailovou adresu", `{"verifyUrl": "/verify?token=1", "validUntil": "2026-11-27T09:00:00Z"}`},
		{"sendPasswordResetEmail", "PasswordResetEmailInput", "PASSWORD_RESET", "Nastavte si nové heslo", `{"resetUrl": "/reset?token=1", "validUntil": "2026-11-27T09:00:00Z"}`},
		{"sendLowStockEmail", "LowStockEmailInput", "LOW_STOCK", "Dochází 1 položka", `{"variants": [{"sku": "CUP-1", "title": "Hrnek", "quantity": 1, "threshold": 5}]}`},
	} {
		send := func(to, data string) sent {
			return s.mutate(t, test.mutation, "$delivery: EmailDeliveryInput!, $data: "+test.input+"!", "delivery: $delivery, data: $data",
				map[string]any{"delivery": map[string]any{"to": []string{to}, "language": "cs", "idempotencyKey": test.kind}, "data": json.RawMessage(data)}, s.token)
		}
		to := strings.ToLower(test.kind) + "@example.com"
		first, again := send(to, test.data), send(to, test.data)
		if first.Email == nil || first.Email.Kind != test.kind || first.Email.Subject != test.subject || first.Email.Language != "cs" || first.Email.Text == "" || first.Email.HTML == "" {
			t.Errorf("%s: %+v", test.mutation, first)
			continue
		}
		if again.Email == nil || again.Email.ID != first.Email.ID {
			t.Errorf("%s: the same again is another mail", test.mutation)
		}
		if other := send("else@example.com", test.data); codes(other) != "delivery.idempotencyKey IDEMPOTENCY_KEY_REUSED" {
			t.Errorf("%s: the key for another mail: %+v", test.mutation, other)
		}
		if wrong := send("nobody", strings.Replace(test.data, `"Hrnek"`, `"Hr\nnek"`, 1)); !strings.Contains(codes(wrong), "delivery.to.0 INVALID_ADDRESS") ||
			strings.Contains(test.data, `"Hrnek"`) && !strings.Contains(codes(wrong), "data.") {
			t.Errorf("%s: mistakes: %s", test.mutation, codes(wrong))
		}
	}
}

// TestEmailLife schedules, cancels and resends mail and reads its history.
func TestEmailLife(t *testing.T) { //nolint:gocyclo // one life, told in its order
	t.Parallel()
	s := newShop(t)
	send := func(input map[string]any) sent {
		return s.mutate(t, "sendEmail", "$input: SendEmailInput!", "input: $input", map[string]any{"input": input}, s.token)
	}
	byID := func(mutation, id, token string) sent {
		return s.mutate(t, mutation, "$id: ID!", "id: $id", map[string]any{"id": id}, token)
	}
	soon := time.Now().Add(7 * 24 * time.Hour).UTC().Format(time.RFC3339)
	scheduled := func(to string) sent {
		return send(map[string]any{
			"to": []string{to}, "subject": "s", "text": "t", "sendAt": soon, "cancellationKey": "order:1",
			"attachments": []map[string]any{{"filename": "a.txt", "contentType": "text/plain", "text": "a"}},
		})
	}
	one, two := scheduled("one@example.com"), scheduled("two@example.com")
	if one.Email == nil || one.Email.SendAt == nil || len(one.Email.Attachments) != 1 || len(one.Email.Events) != 1 || one.Email.Events[0].State != "QUEUED" {
		t.Fatalf("scheduled: %+v", one)
	}
	var due int
	if err := s.db.NewRaw("SELECT count(*) FROM jobs WHERE kind = 'send_email' AND state <> 'scheduled'").Scan(t.Context(), &due); err != nil || due != 0 {
		t.Errorf("%d scheduled mails are due, %v", due, err)
	}
	if p := byID("resendEmail", one.Email.ID, s.token); codes(p) != "id WRONG_STATE" {
		t.Errorf("resending what waits: %+v", p)
	}
	stranger, err := s.store.CreateAccessToken(t.Context(), "stranger", []models.Permission{models.PermissionSendEmail})
	if err != nil {
		t.Fatal(err)
	}
	for _, mutation := range []string{"resendEmail", "cancelEmail"} {
		if p := byID(mutation, one.Email.ID, stranger); codes(p) != "id NOT_FOUND" {
			t.Errorf("%s by a stranger: %+v", mutation, p)
		}
	}
	if p := byID("cancelEmail", one.Email.ID, s.token); p.Email == nil || p.Email.State != "CANCELLED" {
		t.Errorf("cancelled: %+v", p)
	}
	if p := byID("cancelEmail", one.Email.ID, s.token); codes(p) != "id WRONG_STATE" {
		t.Errorf("cancelled twice: %+v", p)
	}
	var byKey struct {
		CancelEmails struct{ Emails []struct{ ID, State string } }
	}
	s.data(t, &byKey, `mutation { cancelEmails(cancellationKey: "order:1") { emails { id state } } }`, nil, "Authorization", "Bearer "+s.token)
	if len(byKey.CancelEmails.Emails) != 1 || byKey.CancelEmails.Emails[0].ID != two.Email.ID || byKey.CancelEmails.Emails[0].State != "CANCELLED" {
		t.Errorf("cancelled by key: %+v", byKey)
	}
	again := byID("resendEmail", one.Email.ID, s.token)
	if again.Email == nil || again.Email.ID == one.Email.ID || again.Email.State != "QUEUED" || again.Email.SendAt != nil || len(again.Email.Attachments) != 1 {
		t.Errorf("resent: %+v", again)
	}
	var list struct {
		Emails struct {
			TotalCount int
			PageInfo   struct {
				HasNextPage bool
				EndCursor   string
			}
			Nodes []struct {
				ID     string
				Events []struct{ State string }
			}
		}
	}
	const query = `query($f: EmailFilterInput, $after: String) { emails(filter: $f, first: 2, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { id events { state } } } }`
	s.data(t, &list, query, nil, "Authorization", "Bearer "+s.token)
	if list.Emails.TotalCount != 3 || !list.Emails.PageInfo.HasNextPage || list.Emails.Nodes[0].ID != again.Email.ID {
		t.Errorf("first page: %+v", list)
	}
	s.data(t, &list, query, map[string]any{"after": list.Emails.PageInfo.EndCursor}, "Authorization", "Bearer "+s.token)
	if list.Emails.PageInfo.HasNextPage || len(list.Emails.Nodes) != 1 || list.Emails.Nodes[0].ID != one.Email.ID || len(list.Emails.Nodes[0].Events) != 2 {
		t.Errorf("second page: %+v", list)
	}
	for _, filter := range []map[string]any{{"state": "QUEUED"}, {"recipient": "TWO@Example.com"}, {"recipient": "two@Example.com"}, {"kind": "LOW_STOCK"}, {"cancellationKey": "order:1"}} {
		s.data(t, &list, query, map[string]any{"f": filter}, "Authorization", "Bearer "+s.token)
		t.Logf("%v: %d", filter, list.Emails.TotalCount)
		want := map[string]int{"state": 1, "kind": 0, "cancellationKey": 2, "recipient": 1}
		for key, value := range filter {
			if value == "TWO@Example.com" {
				want[key] = 0
			}
			if list.Emails.TotalCount != want[key] {
				t.Errorf("%v finds %d", filter, list.Emails.TotalCount)
			}
		}
	}
	s.data(t, &list, query, nil, "Authorization", "Bearer "+stranger)
	if list.Emails.TotalCount != 0 {
		t.Error("a stranger sees mails")
	}
}

// TestTooMuchMail goes beyond the rate of one recipient, which is 5 an hour here.
func TestTooMuchMail(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	send := func(to string) string {
		return codes(s.mutate(t, "sendEmail", "$to: [String!]!", `input: {to: $to, subject: "s", text: "t"}`, map[string]any{"to": []string{to}}, s.token))
	}
	for n := range 5 {
		if got := send("jana@example.com"); got != "" {
			t.Fatalf("mail %d: %s", n, got)
		}
	}
	if got := send("Jana@example.com"); got != "input.to RATE_LIMITED" {
		t.Errorf("one too many: %s", got)
	}
	if got := send("petr@example.com"); got != "" {
		t.Errorf("another recipient: %s", got)
	}
	// A fifth of an hour later there is room for one.
	if _, err := s.db.ExecContext(t.Context(), "UPDATE email_rates SET empty_at = empty_at - interval '13 minutes'"); err != nil {
		t.Fatal(err)
	}
	if first, second := send("jana@example.com"), send("jana@example.com"); first != "" || second != "input.to RATE_LIMITED" {
		t.Errorf("after a while: %q, %q", first, second)
	}
}

// TestSuppressionList keeps mail from addresses, by staff and by the owner.
func TestSuppressionList(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	staff := func(mutation string) string {
		var data map[string]sent
		s.data(t, &data, "mutation { "+mutation+" { userErrors { field code } } }", nil, "Authorization", "Bearer "+s.token)
		for _, p := range data {
			return codes(p)
		}
		return "no payload"
	}
	custom := func(to string) string {
		return codes(s.mutate(t, "sendEmail", "$to: [String!]!", `input: {to: $to, subject: "s", text: "t"}`, map[string]any{"to": []string{to}}, s.token))
	}
	review := func(to string) string {
		return codes(s.mutate(t, "sendReviewRequestEmail", "$to: [String!]!", `delivery: {to: $to}, data: {orderNumber: "1", products: [{title: "t", reviewUrl: "/r"}]}`,
			map[string]any{"to": []string{to}}, s.token))
	}
	if got := staff(`suppressEmailAddress(address: "Gone@Example.com", detail: "asked by phone")`); got != "" {
		t.Fatal(got)
	}
	if custom("gone@example.com") != "input.to.0 SUPPRESSED" || custom("GONE@example.com") != "input.to.0 SUPPRESSED" || review("gone@example.com") != "delivery.to.0 SUPPRESSED" {
		t.Error("mail to a suppressed address is accepted")
	}
	if got := review("jana@example.com"); got != "" {
		t.Fatal(got)
	}
	var id uuid.UUID
	if err := s.db.NewRaw("SELECT id FROM email_messages").Scan(t.Context(), &id); err != nil {
		t.Fatal(err)
	}
	if language, err := s.store.Unsubscribe(t.Context(), id); err != nil || language != "en" {
		t.Fatalf("unsubscribe: %q %v", language, err)
	}
	if language, err := s.store.Unsubscribe(t.Context(), uuid.New()); err != nil || language != "" {
		t.Errorf("unsubscribe from nothing: %q %v", language, err)
	}
	if review("jana@example.com") != "delivery.to.0 SUPPRESSED" || custom("jana@example.com") != "" {
		t.Error("whoever has unsubscribed still gets what belongs to an order, and nothing else")
	}
	var list struct {
		EmailSuppressions struct {
			Nodes []struct{ Address, Reason, Detail string }
		}
	}
	s.data(t, &list, `{ emailSuppressions { nodes { address reason detail } } }`, nil, "Authorization", "Bearer "+s.token)
	if n := list.EmailSuppressions.Nodes; len(n) != 2 || n[0].Address != "gone@example.com" || n[0].Detail != "asked by phone" || n[1].Reason != "UNSUBSCRIBED" {
		t.Errorf("the list: %+v", list)
	}
	if got := staff(`removeEmailSuppression(address: "gone@example.com")`); got != "" || custom("gone@example.com") != "" {
		t.Errorf("removed: %s", got)
	}
	if got := staff(`removeEmailSuppression(address: "gone@example.com")`); got != "address NOT_FOUND" {
		t.Errorf("removed twice: %s", got)
	}
	if got := staff(`suppressEmailAddress(address: "nobody")`); got != "address INVALID_ADDRESS" {
		t.Errorf("no address: %s", got)
	}
	mailer, err := s.store.CreateAccessToken(t.Context(), "mailer", []models.Permission{models.PermissionSendEmail})
	if err != nil {
		t.Fatal(err)
	}
	if a := s.ask(t, `{ emailSuppressions { nodes { address } } }`, nil, "Authorization", "Bearer "+mailer); len(a.Errors) != 1 || a.Errors[0].Extensions.Code != "FORBIDDEN" {
		t.Errorf("without permission: %+v", a.Errors)
	}
}
