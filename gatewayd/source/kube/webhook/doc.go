// Package webhook refuses objects at kubectl apply that a gateway could not serve:
// plugins with a faulty config, consumers and credentials that nobody could know.
//
// It says what gatewayd translate says of files. What may still come, as a Secret
// that a plugin names, is no fault; what is not supported yet, and every warning, is
// told and let pass. An object that was faulty before may be changed in any way that
// makes it no worse, so that nothing is locked in by a webhook that came later.
//
// # Certificate
//
// The API server calls by TLS. A certificate is made here, with an authority of its
// own whose key is thrown away, and is kept in a Secret that all gateways share; the
// authority goes into the ValidatingWebhookConfiguration. Each gateway looks at both
// every minute. When two thirds of its time are over a certificate is replaced; the
// old authority stays beside the new one, so that gateways which have not seen the
// new certificate yet are still believed.
package webhook
