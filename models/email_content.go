package models

import "time"

// EmailKind says what a mail is about; each kind but the custom one has its template.
type EmailKind string

// The kinds of mail.
const (
	EmailCustom                 EmailKind = "CUSTOM"
	EmailOrderConfirmation      EmailKind = "ORDER_CONFIRMATION"
	EmailOrderStatusChanged     EmailKind = "ORDER_STATUS_CHANGED"
	EmailReviewRequest          EmailKind = "REVIEW_REQUEST"
	EmailComplaintReceived      EmailKind = "COMPLAINT_RECEIVED"
	EmailComplaintStatusChanged EmailKind = "COMPLAINT_STATUS_CHANGED"
	EmailReturnForm             EmailKind = "RETURN_FORM"
	EmailAccountWelcome         EmailKind = "ACCOUNT_WELCOME"
	EmailAddressVerification    EmailKind = "ADDRESS_VERIFICATION"
	EmailPasswordReset          EmailKind = "PASSWORD_RESET"
	EmailLowStock               EmailKind = "LOW_STOCK"
)

// TemplateKinds lists the kinds that have a template.
func TemplateKinds() []EmailKind {
	return []EmailKind{
		EmailOrderConfirmation, EmailOrderStatusChanged, EmailReviewRequest, EmailComplaintReceived, EmailComplaintStatusChanged,
		EmailReturnForm, EmailAccountWelcome, EmailAddressVerification, EmailPasswordReset, EmailLowStock,
	}
}

// Optional says whether the customer can do without the mail: then it carries a way to unsubscribe.
func (k EmailKind) Optional() bool { return k == EmailReviewRequest }

// EmailOrder is an order as mails show it. Amounts are in its currency and with VAT.
type EmailOrder struct {
	Number   string
	PlacedAt time.Time
	Currency string
	Lines    []*EmailOrderLine
	// Shipping and Payment are what the customer chose and what it costs.
	Shipping *EmailOrderCharge
	Payment  *EmailOrderCharge
	// Discount is what was taken off, as a positive amount.
	Discount *Decimal
	Total    Decimal
	// Vat is the part of the total that is VAT.
	Vat *Decimal
	// ShippingAddress and BillingAddress are lines as on a label.
	ShippingAddress []string
	BillingAddress  []string
	Note            *string
	URL             *string
}

// EmailOrderLine is one thing that was ordered.
type EmailOrderLine struct {
	Title    string
	Variant  *string
	SKU      *string
	Quantity int32
	// Price is that of the whole line.
	Price    Decimal
	URL      *string
	ImageURL *string
}

// EmailOrderCharge is a way of shipping or payment.
type EmailOrderCharge struct {
	Name  string
	Price Decimal
}

// OrderConfirmationEmail says that an order has arrived.
type OrderConfirmationEmail struct {
	CustomerName *string
	Order        *EmailOrder
}

// EmailOrderStatus is what has become of an order.
type EmailOrderStatus string

// The states of an order that customers are told of.
const (
	OrderPaid           EmailOrderStatus = "PAID"
	OrderProcessing     EmailOrderStatus = "PROCESSING"
	OrderShipped        EmailOrderStatus = "SHIPPED"
	OrderReadyForPickup EmailOrderStatus = "READY_FOR_PICKUP"
	OrderDelivered      EmailOrderStatus = "DELIVERED"
	OrderOnHold         EmailOrderStatus = "ON_HOLD"
	OrderCancelled      EmailOrderStatus = "CANCELLED"
	OrderRefunded       EmailOrderStatus = "REFUNDED"
)

// OrderStatusChangedEmail says what has become of an order.
type OrderStatusChangedEmail struct {
	CustomerName   *string
	OrderNumber    string
	Status         EmailOrderStatus
	Note           *string
	Carrier        *string
	TrackingNumber *string
	TrackingURL    *string
	OrderURL       *string
}

// ReviewRequestEmail asks for opinions on what was bought.
type ReviewRequestEmail struct {
	CustomerName *string
	OrderNumber  string
	Products     []*EmailReviewProduct
}

// EmailReviewProduct is a product to be judged, and where.
type EmailReviewProduct struct {
	Title     string
	ReviewURL string
	ImageURL  *string
}

// ComplaintReceivedEmail says that a complaint has arrived.
type ComplaintReceivedEmail struct {
	CustomerName    *string
	ComplaintNumber string
	OrderNumber     string
	ProductTitle    string
	Description     string
	ReceivedAt      time.Time
	// AnswerBy is until when the shop has to decide.
	AnswerBy     *time.Time
	ComplaintURL *string
}

// EmailComplaintStatus is where a complaint stands.
type EmailComplaintStatus string

// The states of a complaint that customers are told of.
const (
	ComplaintInReview       EmailComplaintStatus = "IN_REVIEW"
	ComplaintNeedsInput     EmailComplaintStatus = "NEEDS_CUSTOMER_INPUT"
	ComplaintAccepted       EmailComplaintStatus = "ACCEPTED"
	ComplaintRejected       EmailComplaintStatus = "REJECTED"
	ComplaintReadyForPickup EmailComplaintStatus = "READY_FOR_PICKUP"
	ComplaintClosed         EmailComplaintStatus = "CLOSED"
)

// ComplaintStatusChangedEmail says what has become of a complaint.
type ComplaintStatusChangedEmail struct {
	CustomerName    *string
	ComplaintNumber string
	ProductTitle    string
	Status          EmailComplaintStatus
	// Explanation is the shop's reason or what it proposes.
	Explanation  *string
	ComplaintURL *string
}

// ReturnFormEmail says how to send things back.
type ReturnFormEmail struct {
	CustomerName *string
	OrderNumber  string
	FormURL      string
	ReturnBy     time.Time
	// ReturnAddress are lines as on a label.
	ReturnAddress []string
}

// AccountWelcomeEmail greets a new customer.
type AccountWelcomeEmail struct {
	CustomerName *string
	AccountURL   string
}

// AddressVerificationEmail asks whether an address is its owner's.
type AddressVerificationEmail struct {
	CustomerName *string
	VerifyURL    string
	ValidUntil   time.Time
}

// PasswordResetEmail lets somebody choose a new password.
type PasswordResetEmail struct {
	CustomerName *string
	ResetURL     string
	ValidUntil   time.Time
}

// LowStockEmail tells staff what is about to be sold out.
type LowStockEmail struct {
	Variants []*EmailLowStockVariant
}

// EmailLowStockVariant is a variant with little stock.
type EmailLowStockVariant struct {
	SKU       string
	Title     string
	Quantity  int32
	Threshold int32
	URL       *string
}
