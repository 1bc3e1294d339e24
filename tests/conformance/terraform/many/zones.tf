# Zones.

resource "aws_route53_zone" "private" {
  name    = "many.example"
  comment = "generation ${var.generation}"

  vpc {
    vpc_id = aws_vpc.main.id
  }
}

resource "aws_route53_zone" "public" {
  name = "many.test"
}

resource "aws_route53_record" "text" {
  zone_id = aws_route53_zone.public.zone_id
  name    = "text.many.test"
  type    = "TXT"
  ttl     = 60 * var.generation
  records = ["generation ${var.generation}"]
}

resource "aws_route53_record" "balancer" {
  zone_id = aws_route53_zone.private.zone_id
  name    = "www.many.example"
  type    = "A"

  alias {
    name                   = aws_lb.http.dns_name
    zone_id                = aws_lb.http.zone_id
    evaluate_target_health = var.generation == 1
  }
}
