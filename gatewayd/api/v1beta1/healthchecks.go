package v1beta1

// Healthchecks says how targets are checked.
//
// +kubebuilder:object:generate=true
type Healthchecks struct {
	// Active sends requests of its own.
	// +optional
	Active *ActiveHealthcheck `json:"active,omitempty"`

	// Passive looks at the requests of clients.
	// +optional
	Passive *PassiveHealthcheck `json:"passive,omitempty"`

	// Threshold is the least part of the targets' weight, in percent, that must
	// be healthy for the upstream to be so.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Threshold *int `json:"threshold,omitempty"`
}

// ActiveHealthcheck sends requests of its own.
//
// +kubebuilder:object:generate=true
type ActiveHealthcheck struct {
	// Type is the protocol of the checks; tcp only connects.
	// +optional
	// +kubebuilder:validation:Enum=http;https;tcp;grpc;grpcs
	Type *string `json:"type,omitempty"`

	// Concurrency is how many targets are checked at a time.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Concurrency *int `json:"concurrency,omitempty"`

	// HTTPPath is the path that is asked for.
	// +optional
	// +kubebuilder:validation:Pattern=`^/.*$`
	HTTPPath *string `json:"httpPath,omitempty"`

	// HTTPSSNI is the server name of checks by https.
	// +optional
	HTTPSSNI *string `json:"httpsSni,omitempty"`

	// HTTPSVerifyCertificate tells whether the target's certificate is checked.
	// +optional
	HTTPSVerifyCertificate *bool `json:"httpsVerifyCertificate,omitempty"`

	// Timeout bounds one check, in seconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Timeout *int `json:"timeout,omitempty"`

	// Headers are sent along.
	// +optional
	Headers map[string][]string `json:"headers,omitempty"`

	// Healthy says what makes a target healthy.
	// +optional
	Healthy *ActiveHealthy `json:"healthy,omitempty"`

	// Unhealthy says what makes a target unhealthy.
	// +optional
	Unhealthy *ActiveUnhealthy `json:"unhealthy,omitempty"`
}

// PassiveHealthcheck looks at the requests of clients. It never makes a target
// healthy again, and it has no interval.
//
// +kubebuilder:object:generate=true
type PassiveHealthcheck struct {
	// Type is the protocol whose answers are looked at.
	// +optional
	// +kubebuilder:validation:Enum=http;https;tcp;grpc;grpcs
	Type *string `json:"type,omitempty"`

	// Healthy says what makes a target healthy.
	// +optional
	Healthy *Healthy `json:"healthy,omitempty"`

	// Unhealthy says what makes a target unhealthy.
	// +optional
	Unhealthy *Unhealthy `json:"unhealthy,omitempty"`
}

// HTTPStatus is a status code.
//
// +kubebuilder:validation:Minimum=100
// +kubebuilder:validation:Maximum=599
type HTTPStatus int

// Healthy says what makes a target healthy.
//
// +kubebuilder:object:generate=true
type Healthy struct {
	// HTTPStatuses are those of good answers.
	// +optional
	HTTPStatuses []HTTPStatus `json:"httpStatuses,omitempty"`

	// Successes is how many of them it takes; 0 turns this off.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=255
	Successes *int `json:"successes,omitempty"`
}

// Unhealthy says what makes a target unhealthy. A count of 0 turns it off.
//
// +kubebuilder:object:generate=true
type Unhealthy struct {
	// HTTPStatuses are those of bad answers.
	// +optional
	HTTPStatuses []HTTPStatus `json:"httpStatuses,omitempty"`

	// HTTPFailures is how many of them it takes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=255
	HTTPFailures *int `json:"httpFailures,omitempty"`

	// TCPFailures is how many failures to connect it takes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=255
	TCPFailures *int `json:"tcpFailures,omitempty"`

	// Timeouts is how many time-outs it takes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=255
	Timeouts *int `json:"timeouts,omitempty"`
}

// ActiveHealthy is Healthy with an interval.
//
// +kubebuilder:object:generate=true
type ActiveHealthy struct {
	Healthy `json:",inline"`

	// Interval is how often healthy targets are checked, in seconds; 0 turns
	// this off.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=65535
	Interval *int `json:"interval,omitempty"`
}

// ActiveUnhealthy is Unhealthy with an interval.
//
// +kubebuilder:object:generate=true
type ActiveUnhealthy struct {
	Unhealthy `json:",inline"`

	// Interval is how often unhealthy targets are checked, in seconds; 0 turns
	// this off.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=65535
	Interval *int `json:"interval,omitempty"`
}
