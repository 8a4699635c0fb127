package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// KongUpstreamPolicy says how requests are spread over the targets of a Service
// and how these are checked. It takes effect where a Service of its namespace
// names it in konghq.com/upstream-policy.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:storageversion
// +kubebuilder:metadata:labels=gateway.networking.k8s.io/policy=direct
// +kubebuilder:resource:shortName=kup,categories=kong-ingress-controller;kong;all
// +kubebuilder:printcolumn:name="Algorithm",type=string,JSONPath=`.spec.algorithm`,description="How a target is picked"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="Age"
type KongUpstreamPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is the policy.
	// +optional
	Spec KongUpstreamPolicySpec `json:"spec,omitempty"`

	// Status is written by the gateway.
	// +optional
	Status PolicyStatus `json:"status,omitempty"`
}

// KongUpstreamPolicyList is a list of KongUpstreamPolicy.
//
// +kubebuilder:object:root=true
type KongUpstreamPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []KongUpstreamPolicy `json:"items"`
}

// KongUpstreamPolicySpec is a policy.
//
// +kubebuilder:object:generate=true
// +kubebuilder:validation:XValidation:rule="!has(self.hashOn) || (has(self.algorithm) && self.algorithm in ['consistent-hashing', 'sticky-sessions'])",message="hashOn needs algorithm consistent-hashing (or sticky-sessions)"
// +kubebuilder:validation:XValidation:rule="!has(self.hashOnFallback) || (has(self.algorithm) && self.algorithm == 'consistent-hashing')",message="hashOnFallback needs algorithm consistent-hashing"
// +kubebuilder:validation:XValidation:rule="!has(self.hashOnFallback) || !(has(self.hashOnFallback.cookie) || has(self.hashOnFallback.cookiePath))",message="hashOnFallback cannot use a cookie; hashOn can"
// +kubebuilder:validation:XValidation:rule="!(has(self.hashOnFallback) && has(self.hashOn) && has(self.hashOn.cookie))",message="hashOnFallback must not stand beside hashOn.cookie: a cookie is set where it is missing"
// +kubebuilder:validation:XValidation:rule="!has(self.stickySessions) || (has(self.algorithm) && self.algorithm == 'sticky-sessions')",message="stickySessions needs algorithm sticky-sessions"
// +kubebuilder:validation:XValidation:rule="!(has(self.algorithm) && self.algorithm == 'sticky-sessions') || has(self.stickySessions)",message="algorithm sticky-sessions needs stickySessions"
type KongUpstreamPolicySpec struct {
	// Algorithm says how a target is picked. Sticky-sessions is Enterprise-only
	// in Kong.
	// +optional
	// +kubebuilder:validation:Enum=round-robin;consistent-hashing;least-connections;latency;sticky-sessions
	Algorithm *string `json:"algorithm,omitempty"`

	// Slots is how many slots the ring has.
	// +optional
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=65536
	Slots *int `json:"slots,omitempty"`

	// HashOn says what is hashed.
	// +optional
	HashOn *Hash `json:"hashOn,omitempty"`

	// HashOnFallback says what is hashed where a request lacks the first.
	// +optional
	HashOnFallback *Hash `json:"hashOnFallback,omitempty"`

	// Healthchecks says how targets are checked.
	// +optional
	Healthchecks *Healthchecks `json:"healthchecks,omitempty"`

	// StickySessions names the cookie that ties a client to a target.
	// +optional
	StickySessions *StickySessions `json:"stickySessions,omitempty"`
}

// Hash says what is hashed: one thing.
//
// +kubebuilder:object:generate=true
// +kubebuilder:validation:XValidation:rule="[has(self.input), has(self.header), has(self.cookie), has(self.queryArg), has(self.uriCapture)].filter(x, x).size() <= 1",message="only one of input, header, cookie, queryArg and uriCapture can be set"
// +kubebuilder:validation:XValidation:rule="has(self.cookie) == has(self.cookiePath)",message="cookie and cookiePath need each other"
type Hash struct {
	// Input is the client's address, the consumer or the path.
	// +optional
	// +kubebuilder:validation:Enum=ip;consumer;path;none
	Input *string `json:"input,omitempty"`

	// Header names a header field.
	// +optional
	// +kubebuilder:validation:MinLength=1
	Header *string `json:"header,omitempty"`

	// Cookie names a cookie, which is set where it is missing.
	// +optional
	// +kubebuilder:validation:MinLength=1
	Cookie *string `json:"cookie,omitempty"`

	// CookiePath is the path of a cookie that is set.
	// +optional
	// +kubebuilder:validation:Pattern=`^/.*$`
	CookiePath *string `json:"cookiePath,omitempty"`

	// QueryArg names a query parameter.
	// +optional
	// +kubebuilder:validation:MinLength=1
	QueryArg *string `json:"queryArg,omitempty"`

	// URICapture names a capture group of the route's path.
	// +optional
	// +kubebuilder:validation:MinLength=1
	URICapture *string `json:"uriCapture,omitempty"`
}

// StickySessions names a cookie.
//
// +kubebuilder:object:generate=true
type StickySessions struct {
	// Cookie is its name.
	// +kubebuilder:validation:MinLength=1
	Cookie string `json:"cookie"`

	// CookiePath is its path, "/" when empty.
	// +optional
	// +kubebuilder:validation:Pattern=`^/.*$`
	CookiePath *string `json:"cookiePath,omitempty"`
}
