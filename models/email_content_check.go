package models

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bojanz/currency"
)

// The limits of what mails show.
const (
	maxEmailLine    = 200
	maxEmailText    = 5000
	maxEmailURL     = 2000
	maxEmailItems   = 200
	maxAddressLines = 8
)

// Kind of the mail.
func (*OrderConfirmationEmail) Kind() EmailKind { return EmailOrderConfirmation }

// Kind of the mail.
func (*OrderStatusChangedEmail) Kind() EmailKind { return EmailOrderStatusChanged }

// Kind of the mail.
func (*ReviewRequestEmail) Kind() EmailKind { return EmailReviewRequest }

// Kind of the mail.
func (*ComplaintReceivedEmail) Kind() EmailKind { return EmailComplaintReceived }

// Kind of the mail.
func (*ComplaintStatusChangedEmail) Kind() EmailKind { return EmailComplaintStatusChanged }

// Kind of the mail.
func (*ReturnFormEmail) Kind() EmailKind { return EmailReturnForm }

// Kind of the mail.
func (*AccountWelcomeEmail) Kind() EmailKind { return EmailAccountWelcome }

// Kind of the mail.
func (*AddressVerificationEmail) Kind() EmailKind { return EmailAddressVerification }

// Kind of the mail.
func (*PasswordResetEmail) Kind() EmailKind { return EmailPasswordReset }

// Kind of the mail.
func (*LowStockEmail) Kind() EmailKind { return EmailLowStock }

// Check returns what is wrong with the data.
func (e *OrderConfirmationEmail) Check(field string) UserErrors {
	c := emailCheck{field: field}
	c.name(e.CustomerName)
	o := e.Order
	if o == nil {
		c.addf(UserErrorRequired, "order", "an order is needed")
		return c.errors
	}
	c.line("order.number", o.Number)
	if _, known := currency.GetDigits(o.Currency); !known {
		c.addf(UserErrorInvalid, "order.currency", "%q is not a currency code such as CZK", o.Currency)
	}
	c.items("order.lines", len(o.Lines), maxEmailItems)
	for i, line := range o.Lines[:min(len(o.Lines), maxEmailItems)] {
		at := "order.lines." + strconv.Itoa(i) + "."
		c.line(at+"title", line.Title)
		c.optionalLine(at+"variant", line.Variant)
		c.optionalLine(at+"sku", line.SKU)
		if line.Quantity < 1 {
			c.addf(UserErrorInvalid, at+"quantity", "at least one piece is ordered")
		}
		c.amount(at+"price", &line.Price)
		c.optionalURL(at+"url", line.URL)
		c.optionalURL(at+"imageUrl", line.ImageURL)
	}
	for name, charge := range map[string]*EmailOrderCharge{"order.shipping": o.Shipping, "order.payment": o.Payment} {
		if charge != nil {
			c.line(name+".name", charge.Name)
			c.amount(name+".price", &charge.Price)
		}
	}
	c.amount("order.discount", o.Discount)
	c.amount("order.total", &o.Total)
	c.amount("order.vat", o.Vat)
	c.address("order.shippingAddress", o.ShippingAddress)
	c.address("order.billingAddress", o.BillingAddress)
	c.optionalText("order.note", o.Note)
	c.optionalURL("order.url", o.URL)
	return c.errors
}

// Check returns what is wrong with the data.
func (e *OrderStatusChangedEmail) Check(field string) UserErrors {
	c := emailCheck{field: field}
	c.name(e.CustomerName)
	c.line("orderNumber", e.OrderNumber)
	c.oneOf("status", string(e.Status), string(OrderPaid), string(OrderProcessing), string(OrderShipped), string(OrderReadyForPickup),
		string(OrderDelivered), string(OrderOnHold), string(OrderCancelled), string(OrderRefunded))
	c.optionalText("note", e.Note)
	c.optionalLine("carrier", e.Carrier)
	c.optionalLine("trackingNumber", e.TrackingNumber)
	c.optionalURL("trackingUrl", e.TrackingURL)
	c.optionalURL("orderUrl", e.OrderURL)
	return c.errors
}

// Check returns what is wrong with the data.
func (e *ReviewRequestEmail) Check(field string) UserErrors {
	c := emailCheck{field: field}
	c.name(e.CustomerName)
	c.line("orderNumber", e.OrderNumber)
	c.items("products", len(e.Products), maxEmailItems)
	for i, product := range e.Products[:min(len(e.Products), maxEmailItems)] {
		at := "products." + strconv.Itoa(i) + "."
		c.line(at+"title", product.Title)
		c.url(at+"reviewUrl", product.ReviewURL)
		c.optionalURL(at+"imageUrl", product.ImageURL)
	}
	return c.errors
}

// Check returns what is wrong with the data.
func (e *ComplaintReceivedEmail) Check(field string) UserErrors {
	c := emailCheck{field: field}
	c.name(e.CustomerName)
	c.line("complaintNumber", e.ComplaintNumber)
	c.line("orderNumber", e.OrderNumber)
	c.line("productTitle", e.ProductTitle)
	c.text("description", e.Description)
	c.optionalURL("complaintUrl", e.ComplaintURL)
	return c.errors
}

// Check returns what is wrong with the data.
func (e *ComplaintStatusChangedEmail) Check(field string) UserErrors {
	c := emailCheck{field: field}
	c.name(e.CustomerName)
	c.line("complaintNumber", e.ComplaintNumber)
	c.line("productTitle", e.ProductTitle)
	c.oneOf("status", string(e.Status), string(ComplaintInReview), string(ComplaintNeedsInput), string(ComplaintAccepted),
		string(ComplaintRejected), string(ComplaintReadyForPickup), string(ComplaintClosed))
	c.optionalText("explanation", e.Explanation)
	c.optionalURL("complaintUrl", e.ComplaintURL)
	return c.errors
}

// Check returns what is wrong with the data.
func (e *ReturnFormEmail) Check(field string) UserErrors {
	c := emailCheck{field: field}
	c.name(e.CustomerName)
	c.line("orderNumber", e.OrderNumber)
	c.url("formUrl", e.FormURL)
	c.address("returnAddress", e.ReturnAddress)
	return c.errors
}

// Check returns what is wrong with the data.
func (e *AccountWelcomeEmail) Check(field string) UserErrors {
	c := emailCheck{field: field}
	c.name(e.CustomerName)
	c.url("accountUrl", e.AccountURL)
	return c.errors
}

// Check returns what is wrong with the data.
func (e *AddressVerificationEmail) Check(field string) UserErrors {
	c := emailCheck{field: field}
	c.name(e.CustomerName)
	c.url("verifyUrl", e.VerifyURL)
	return c.errors
}

// Check returns what is wrong with the data.
func (e *PasswordResetEmail) Check(field string) UserErrors {
	c := emailCheck{field: field}
	c.name(e.CustomerName)
	c.url("resetUrl", e.ResetURL)
	return c.errors
}

// Check returns what is wrong with the data.
func (e *LowStockEmail) Check(field string) UserErrors {
	c := emailCheck{field: field}
	c.items("variants", len(e.Variants), maxEmailItems)
	for i, v := range e.Variants[:min(len(e.Variants), maxEmailItems)] {
		at := "variants." + strconv.Itoa(i) + "."
		c.line(at+"sku", v.SKU)
		c.line(at+"title", v.Title)
		c.optionalURL(at+"url", v.URL)
	}
	return c.errors
}

// emailCheck collects what is wrong with the data of a mail.
type emailCheck struct {
	field  string
	errors UserErrors
}

func (c *emailCheck) addf(code UserErrorCode, field, format string, args ...any) {
	c.errors.Addf(code, c.field+"."+field, format, args...)
}

func (c *emailCheck) name(name *string) { c.optionalLine("customerName", name) }

// line is a text without line breaks: it may become part of a header.
func (c *emailCheck) line(field, value string) {
	switch {
	case strings.TrimSpace(value) == "":
		c.addf(UserErrorRequired, field, "must not be empty")
	case utf8.RuneCountInString(value) > maxEmailLine:
		c.addf(UserErrorTooLong, field, "at most %d characters", maxEmailLine)
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		c.addf(UserErrorInvalid, field, "one line without control characters")
	}
}

func (c *emailCheck) optionalLine(field string, value *string) {
	if value != nil {
		c.line(field, *value)
	}
}

func (c *emailCheck) text(field, value string) {
	isWrong := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }
	switch {
	case strings.TrimSpace(value) == "":
		c.addf(UserErrorRequired, field, "must not be empty")
	case utf8.RuneCountInString(value) > maxEmailText:
		c.addf(UserErrorTooLong, field, "at most %d characters", maxEmailText)
	case !utf8.ValidString(value) || strings.ContainsFunc(value, isWrong):
		c.addf(UserErrorInvalid, field, "text without control characters")
	}
}

func (c *emailCheck) optionalText(field string, value *string) {
	if value != nil {
		c.text(field, *value)
	}
}

// url is a path below the storefront or an address of the web.
func (c *emailCheck) url(field, value string) {
	if len(value) > maxEmailURL {
		c.addf(UserErrorTooLong, field, "at most %d characters", maxEmailURL)
		return
	}
	u, err := url.Parse(value)
	isPath := err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "//")
	isWeb := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
	if !isPath && !isWeb || strings.ContainsAny(value, " \\\"<>") {
		c.addf(UserErrorInvalid, field, "a path of the storefront such as /account, or an address that begins with https:// or http://")
	}
}

func (c *emailCheck) optionalURL(field string, value *string) {
	if value != nil {
		c.url(field, *value)
	}
}

func (c *emailCheck) amount(field string, amount *Decimal) {
	if amount != nil && !amount.fits(12, 4) {
		c.addf(UserErrorInvalid, field, "an amount is not negative and has at most 12 digits and 4 decimals")
	}
}

func (c *emailCheck) items(field string, count, most int) {
	if count == 0 {
		c.addf(UserErrorRequired, field, "at least one is needed")
	}
	if count > most {
		c.addf(UserErrorTooMany, field, "at most %d", most)
	}
}

func (c *emailCheck) address(field string, lines []string) {
	if len(lines) > maxAddressLines {
		c.addf(UserErrorTooMany, field, "at most %d lines", maxAddressLines)
		return
	}
	for i, line := range lines {
		c.line(fmt.Sprintf("%s.%d", field, i), line)
	}
}

func (c *emailCheck) oneOf(field, value string, known ...string) {
	if !slices.Contains(known, value) {
		c.addf(UserErrorInvalid, field, "%q is none of %s", value, strings.Join(known, ", "))
	}
}
