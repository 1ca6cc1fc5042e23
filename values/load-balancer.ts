/** An entry of `status.loadBalancer.ingress`: an IP address, or a host name where the cloud gives names (EKS). */
export interface LoadBalancerIngress {
  readonly ip?: string;
  readonly hostname?: string;
}

/** The IP address or host name of a load balancer. */
export function loadBalancerAddress({ ip, hostname }: LoadBalancerIngress): string {
  const address = ip ?? hostname;
  if (address === undefined) throw new Error("a load balancer has neither an IP address nor a host name");
  return address;
}
