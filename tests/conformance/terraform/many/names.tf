# Names.

resource "aws_service_discovery_http_namespace" "mesh" {
  name = "many-mesh"
}

resource "aws_service_discovery_private_dns_namespace" "local" {
  name        = "many.local"
  description = "generation ${var.generation}"
  vpc         = aws_vpc.main.id
}

resource "aws_service_discovery_service" "fixed" {
  name = "fixed"

  dns_config {
    namespace_id   = aws_service_discovery_private_dns_namespace.local.id
    routing_policy = "WEIGHTED"

    dns_records {
      type = "A"
      ttl  = 10 * var.generation
    }
  }
}

resource "aws_service_discovery_instance" "fixed" {
  instance_id = "one"
  service_id  = aws_service_discovery_service.fixed.id
  attributes  = { AWS_INSTANCE_IPV4 = "10.40.0.${40 + var.generation}" }
}
