# Load balancers.

resource "aws_lb" "http" {
  name_prefix     = "many-"
  internal        = true
  subnets         = [for subnet in aws_subnet.main : subnet.id]
  security_groups = [aws_security_group.main.id]
  idle_timeout    = 60 * var.generation
}

resource "aws_lb" "tcp" {
  load_balancer_type               = "network"
  internal                         = true
  subnets                          = [aws_subnet.main["b"].id]
  enable_cross_zone_load_balancing = var.generation == 2
}

resource "aws_lb_target_group" "http" {
  count       = 2
  port        = 80
  protocol    = "HTTP"
  vpc_id      = aws_vpc.main.id
  target_type = "ip"

  health_check {
    path    = "/health"
    matcher = "200-${298 + var.generation}"
  }

  stickiness {
    type    = "lb_cookie"
    enabled = var.generation == 2
  }
}

resource "aws_lb_target_group" "udp" {
  port        = 53
  protocol    = "UDP"
  vpc_id      = aws_vpc.main.id
  target_type = "ip"

  health_check {
    protocol = "TCP"
    port     = 80
  }
}

resource "aws_lb_target_group_attachment" "http" {
  target_group_arn = aws_lb_target_group.http[0].arn
  target_id        = "10.40.1.${40 + var.generation}"
}

resource "aws_acm_certificate" "main" {
  certificate_body = var.certificate.body
  private_key      = var.certificate.key
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.http.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate.main.arn

  default_action {
    type = "forward"

    forward {
      target_group {
        arn    = aws_lb_target_group.http[0].arn
        weight = 10 * var.generation
      }

      target_group {
        arn    = aws_lb_target_group.http[1].arn
        weight = 5
      }
    }
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.http.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener_rule" "fixed" {
  listener_arn = aws_lb_listener.https.arn
  priority     = 10 * var.generation

  action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "generation ${var.generation}"
      status_code  = "200"
    }
  }

  condition {
    host_header { values = ["*.example.com"] }
  }

  condition {
    http_header {
      http_header_name = "X-Which"
      values           = ["a", "b"]
    }
  }

  condition {
    query_string {
      key   = "which"
      value = "a"
    }
  }
}

resource "aws_lb_listener" "udp" {
  load_balancer_arn = aws_lb.tcp.arn
  port              = 53
  protocol          = "UDP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.udp.arn
  }
}
