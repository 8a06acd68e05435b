package mail

import (
	"time"

	"github.com/shopspring/decimal"

	"ecoseller/models"
)

// Sample returns made-up data for a kind of mail, for the gallery of templates and for tests. The texts of
// products and people are in Czech: what a shop writes into a mail does not change with its language.
func Sample(kind models.EmailKind) Content {
	text := func(s string) *string { return &s }
	name := text("Jana Nováková")
	placed := time.Date(2026, time.November, 26, 9, 30, 0, 0, time.UTC)
	later := placed.AddDate(0, 0, 14)
	switch kind {
	case models.EmailOrderConfirmation:
		return &models.OrderConfirmationEmail{CustomerName: name, Order: sampleOrder(placed)}
	case models.EmailOrderStatusChanged:
		return &models.OrderStatusChangedEmail{
			CustomerName: name, OrderNumber: "2026-004217", Status: models.OrderShipped, Carrier: text("Zásilkovna"),
			TrackingNumber: text("Z 123 4567 890"), TrackingURL: text("https://tracking.example/Z1234567890"), OrderURL: text("/cs/account/orders/2026-004217"),
		}
	case models.EmailReviewRequest:
		return &models.ReviewRequestEmail{CustomerName: name, OrderNumber: "2026-004217", Products: []*models.EmailReviewProduct{
			{Title: "Bezdrátová sluchátka Lumora Air 2", ReviewURL: "/cs/product/lumora-air-2/review"},
			{Title: "Kuchařský nůž Brenvala Edge 20", ReviewURL: "/cs/product/brenvala-edge-20/review"},
		}}
	case models.EmailComplaintReceived:
		return &models.ComplaintReceivedEmail{
			CustomerName: name, ComplaintNumber: "R-2026-0031", OrderNumber: "2026-004217", ProductTitle: "Bezdrátová sluchátka Lumora Air 2",
			Description: "Levé sluchátko po týdnu přestalo hrát.\nNabíjení ani reset nepomohly.", ReceivedAt: placed, AnswerBy: &later,
			ComplaintURL: text("/cs/account/complaints/R-2026-0031"),
		}
	case models.EmailComplaintStatusChanged:
		return &models.ComplaintStatusChangedEmail{
			CustomerName: name, ComplaintNumber: "R-2026-0031", ProductTitle: "Bezdrátová sluchátka Lumora Air 2", Status: models.ComplaintAccepted,
			Explanation: text("Pošleme Vám nový kus, dorazí do tří dnů."), ComplaintURL: text("/cs/account/complaints/R-2026-0031"),
		}
	case models.EmailReturnForm:
		return &models.ReturnFormEmail{
			CustomerName: name, OrderNumber: "2026-004217", FormURL: "/cs/account/orders/2026-004217/return", ReturnBy: later,
			ReturnAddress: []string{"Sklad vratek", "Tovární 12", "602 00 Brno"},
		}
	case models.EmailAccountWelcome:
		return &models.AccountWelcomeEmail{CustomerName: name, AccountURL: "/cs/account"}
	case models.EmailAddressVerification:
		return &models.AddressVerificationEmail{CustomerName: name, VerifyURL: "/verify?token=dGhpcyBpcyBhIHNhbXBsZQ", ValidUntil: placed.Add(24 * time.Hour)}
	case models.EmailPasswordReset:
		return &models.PasswordResetEmail{CustomerName: name, ResetURL: "/reset?token=dGhpcyBpcyBhIHNhbXBsZQ", ValidUntil: placed.Add(time.Hour)}
	case models.EmailLowStock:
		return &models.LowStockEmail{Variants: []*models.EmailLowStockVariant{
			{SKU: "LUM-AIR2-BLK", Title: "Bezdrátová sluchátka Lumora Air 2, černá", Quantity: 3, Threshold: 5, URL: text("/cs/product/lumora-air-2")},
			{SKU: "BRE-EDGE20", Title: "Kuchařský nůž Brenvala Edge 20", Quantity: 0, Threshold: 2},
		}}
	}
	return nil
}

func sampleOrder(placed time.Time) *models.EmailOrder {
	text := func(s string) *string { return &s }
	amount := func(s string) models.Decimal { return models.NewDecimal(decimal.RequireFromString(s)) }
	discount, vat := amount("250"), amount("734.53")
	return &models.EmailOrder{
		Number: "2026-004217", PlacedAt: placed, Currency: "CZK",
		Lines: []*models.EmailOrderLine{
			{
				Title: "Bezdrátová sluchátka Lumora Air 2", Variant: text("černá"), SKU: text("LUM-AIR2-BLK"), Quantity: 1, Price: amount("2990"),
				URL: text("/cs/product/lumora-air-2"),
			},
			{Title: "Kuchařský nůž Brenvala Edge 20", SKU: text("BRE-EDGE20"), Quantity: 2, Price: amount("1398"), URL: text("/cs/product/brenvala-edge-20")},
			{Title: "Dárkové balení", Quantity: 5, Price: amount("95.50")},
		},
		Shipping: &models.EmailOrderCharge{Name: "Zásilkovna – výdejní místo", Price: amount("0")},
		Payment:  &models.EmailOrderCharge{Name: "Kartou online", Price: amount("0")},
		Discount: &discount, Total: amount("4233.50"), Vat: &vat,
		ShippingAddress: []string{"Jana Nováková", "Dlouhá 5", "110 00 Praha 1", "Česko"},
		BillingAddress:  []string{"Nováková & syn s.r.o.", "IČO 01234567", "Dlouhá 5", "110 00 Praha 1"},
		Note:            text("Prosím, zvoňte na <Novákovi>."), URL: text("/cs/account/orders/2026-004217"),
	}
}
